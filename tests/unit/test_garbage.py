"""What reruns leave behind is collected by the clock, and an idle server rests."""

from __future__ import annotations

import gc
import tomllib
import weakref

import pytest

from pages.shared.garbage import Collector
from scripts.processes import ROOT


class Cycle:
    """Reachable by nobody but itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_made_since_the_last_time_is_collected() -> None:
    collector = Collector()
    gone = weakref.ref(Cycle())
    gc.collect(0)  # as happens by itself when some hundreds of objects were made

    collector.collect()

    assert gone() is None


def test_nothing_is_looked_through_while_nothing_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, times = Collector(), list[int]()
    young = iter([5, 5, 6])
    monkeypatch.setattr(gc, "get_stats", lambda: [{"collections": next(young)}])
    monkeypatch.setattr(gc, "collect", lambda: times.append(1))

    seen = []
    for _ in range(3):
        collector.collect()
        seen.append(len(times))

    assert [1, 1, 2] == seen


def test_streamlit_does_not_collect_after_each_rerun() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))

    assert config["runner"]["postScriptGC"] is False
