"""A log that strangers cannot fill."""

from __future__ import annotations

import logging
import time
from itertools import count

import pytest

from api.guard.sparing import WARNINGS, sparing
from tests.unit.api.asking import serving

_numbers = count()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> logging.Logger:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    del caplog  # which records what is logged
    return sparing(f"a guard {next(_numbers)}")


def test_warnings_are_few_and_come_again_after_a_while(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(100):
        log.warning("refused")
    assert int(WARNINGS.burst) == len(caplog.records)

    monkeypatch.setattr(time, "monotonic", lambda: 100.1 + 1 / WARNINGS.per_s)
    log.warning("refused again")

    assert "refused again" == caplog.records[-1].getMessage()


def test_errors_are_never_dropped(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        log.warning("refused")
        log.error("failed")

    assert 100 == sum(record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.parametrize(
    ("path", "headers", "host"),
    [
        ("/", {}, "evil.test"),
        ("/auth/logout", {"Sec-Fetch-Site": "cross-site"}, "desk.example.test"),
        ("/api/v1/bookings", {"Origin": "https://evil.test"}, "desk.example.test"),
    ],
)
def test_refused_requests_do_not_fill_the_log(
    caplog: pytest.LogCaptureFixture, path: str, headers: dict[str, str], host: str
) -> None:
    server = serving()
    statuses = {
        server.ask(path, method="POST", headers=headers, host=host).status for _ in range(100)
    }

    assert statuses <= {403, 421}
    assert len(caplog.records) <= WARNINGS.burst + 1
