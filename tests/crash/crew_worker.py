"""A worker among two of one operation, whatever the machine: ``... crew_worker holder|mate``.

The holder takes itself to be short of processor time, the mate never; groups are small and carried
one at a time, so that both have one in hand for a while.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import replace

from core.app import wiring
from core.settings import load
from core.work.periodic_thread import PeriodicThread

GROUP_SIZE = 10
LEND_EVERY_S = 0.1
GRACE_S = 10.0


def main(role: str) -> None:
    runtime = wiring.build(load())
    usual = runtime.core.operation_runner
    assert usual.crew is not None, "the store is a file"
    crew = replace(usual.crew, short=lambda: role == "holder")
    small = replace(usual, group_size=GROUP_SIZE, groups_at_once=1, crew=crew)
    core = replace(runtime.core, operation_runner=small)
    lending = PeriodicThread("crew", small.lend_a_hand, LEND_EVERY_S)
    runtime = replace(runtime, core=core, crew=lending)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    runtime.start()
    ended.wait()
    runtime.stop(grace_s=GRACE_S)


if __name__ == "__main__":
    main(sys.argv[1])
