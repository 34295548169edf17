"""Where ``make run`` puts the app."""

from __future__ import annotations

import pytest

from sandbox.hubspot.tool.numbers import PORT_MAX
from scripts import run
from scripts.processes import DidNotStartError


def test_the_next_port_is_taken_where_somebody_has_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "is_free", lambda port: port > 8502)

    assert 8503 == run.free_port(8501)


def test_any_port_is_one_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "any_free", lambda: 20_000)

    assert 20_000 == run.free_port(0)


@pytest.mark.parametrize("wanted", ["70000", "-1", "http", "8501.5"])
def test_what_is_no_port_is_told_before_anything_starts(
    wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main([f"--port={wanted}"])

    assert (2, True) == (ended.value.code, "is not a port" in capsys.readouterr().err)


def test_no_port_is_sought_beyond_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()
    monkeypatch.setattr(run, "is_free", asked.append)

    with pytest.raises(DidNotStartError, match="choose another"):
        run.free_port(PORT_MAX - 1)

    assert [PORT_MAX - 1, PORT_MAX] == asked
