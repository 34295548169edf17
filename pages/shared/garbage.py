"""What reruns leave behind is collected by the clock.

Streamlit would do it after each rerun (``runner.postScriptGC``), for a fifth of the rerun's time.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass

from core.work.periodic_thread import PeriodicThread

#: In which a busy server leaves some megabytes behind; a look costs a tenth of a second.
EVERY_S = 5.0


@dataclass(slots=True)
class Collector:
    """Collects only when something was made since the last time: an idle server rests."""

    _young: int = 0

    def collect(self) -> None:
        """All that nobody can reach."""
        young = gc.get_stats()[0]["collections"]
        if young != self._young:
            gc.collect()
            self._young = young


def thread() -> PeriodicThread:
    """For as long as the server lives."""
    return PeriodicThread("garbage", Collector().collect, EVERY_S)
