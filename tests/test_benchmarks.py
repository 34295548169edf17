"""Benchmarks cannot flatter: each says what it must keep, and fails when one figure is worse."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import peers
from benchmarks.report import Budget, Direction, Report, at_least, at_most, even_s, floor_s

BUDGETS = (at_most("p99, s", 0.1), at_least("share", 0.95))
WELL = {"p99, s": 0.1, "share": 0.95}


def report(**found: float) -> Report:
    return Report("a benchmark", BUDGETS, WELL | found, left_out="the preview", floor_s=10)


def worse(budget: Budget) -> float:
    """A little on the wrong side."""
    step = max(abs(budget.bound), 1.0) / 1000
    return budget.bound + (step if budget.direction is Direction.AT_MOST else -step)


@pytest.mark.parametrize("name", bench.NAMES)
def test_each_benchmark_declares_what_it_must_keep_and_what_it_leaves_out(name: str) -> None:
    module = import_module(f"benchmarks.{name}")
    budgets: tuple[Budget, ...] = module.BUDGETS
    well = {each.figure: each.bound for each in budgets}

    assert len(well) == len(budgets) > 0
    assert module.LEFT_OUT
    assert not Report(name, budgets, well, left_out=module.LEFT_OUT).missed
    for each in budgets:
        bad = Report(name, budgets, well | {each.figure: worse(each)}, left_out=module.LEFT_OUT)
        assert bad.missed == [each]


@pytest.mark.parametrize("name", bench.NAMES)
def test_each_benchmark_ends_with_the_code_of_its_report(name: str) -> None:
    source = Path(bench.FOLDER, f"{name}.py").read_text(encoding="utf-8")

    assert source.count(".tell()") == 1
    assert source.endswith('if __name__ == "__main__":\n    sys.exit(main())\n')


def test_what_is_kept_ends_with_0_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert report().tell() == 0

    told = capsys.readouterr()
    as_json = json.loads(told.out)
    assert as_json["found"] == WELL
    assert as_json["budgets"] == {"p99, s": "at most 0.1", "share": "at least 0.95"}
    assert (as_json["floor, s"], as_json["left out"]) == (10, "the preview")
    assert told.err == (
        "a benchmark: p99, s 0.1 (at most 0.1); share 0.95 (at least 0.95); floor 10 s\n"
    )


@pytest.mark.parametrize("found", [{"p99, s": 0.101}, {"share": 0.94}, {"share": math.nan}])
def test_one_figure_that_is_worse_ends_with_1_and_is_named(
    found: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(**found).tell() == 1

    told = capsys.readouterr()
    assert json.loads(told.out)["missed"] == list(found)
    assert told.err.count("MISSED") == 1


def test_a_budget_whose_figure_was_not_measured_is_missed() -> None:
    unmeasured = Report("a benchmark", BUDGETS, {"share": 1}, left_out="all else")

    assert [each.figure for each in unmeasured.missed] == ["p99, s"]
    assert unmeasured.tell() == 1


def test_what_never_ended_is_told_in_words_that_json_has() -> None:
    never = report(**{"p99, s": math.inf}).as_json()

    assert json.loads(json.dumps(never, allow_nan=False))["found"]["p99, s"] == "inf"


@pytest.mark.parametrize(
    ("requests", "seconds"), [(0, 0), (1, 0), (190, 0), (191, 10), (380, 10), (381, 20)]
)
def test_the_floor_counts_the_burst_that_hubspot_allows(requests: int, seconds: float) -> None:
    assert floor_s(requests) == seconds
    assert floor_s(requests, latency_ms=150) == seconds + 0.15
    assert floor_s(requests) <= even_s(requests)


def test_all_are_run_those_that_failed_are_named_and_the_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def passed(name: str) -> bool:
        ran.append(name)
        return name not in {"mirror_lag", "sweep"}

    monkeypatch.setattr(bench, "_passed", passed)

    assert bench.main([]) == 1
    assert ran == sorted(set(bench.NAMES) - bench.BY_NAME)
    assert "over budget or broken: mirror_lag, sweep" in capsys.readouterr().out
    assert bench.main(["journal"]) == 0
    assert bench.main(["nothing"]) == 2


def test_a_first_copy_is_judged_at_the_size_and_latency_of_its_budget() -> None:
    assert peers.judged_by(peers.CONTACTS, peers.LATENCY_MS) == peers.BUDGETS
    for smaller_or_slower in ((peers.CONTACTS - 1, peers.LATENCY_MS), (peers.CONTACTS, 150)):
        judged = peers.judged_by(*smaller_or_slower)
        assert {*peers.BUDGETS} - {*judged} == {peers.COPY}
