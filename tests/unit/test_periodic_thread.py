from __future__ import annotations

import threading

import pytest

from core.work.periodic_thread import PeriodicThread


def test_it_goes_on_after_what_goes_wrong_until_it_is_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    acted, enough = list[int](), threading.Event()

    def act() -> None:
        acted.append(len(acted))
        if len(acted) == 3:
            enough.set()
        raise RuntimeError("once more")

    ticker = PeriodicThread("alarms", act, every_s=0.001)
    ticker.start()
    assert enough.wait(60)
    ticker.stop(60)
    so_far = len(acted)

    assert "alarms stumbled and goes on" in caplog.text
    assert so_far == len(acted)
    assert not [each for each in threading.enumerate() if each.name == "alarms"]


def test_one_that_was_never_started_can_be_stopped() -> None:
    PeriodicThread("alarms", lambda: None, every_s=60).stop(1)
