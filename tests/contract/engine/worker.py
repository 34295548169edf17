"""A worker process for the engine's tests: ``python -m tests.contract.engine.worker URL FOLDER``.

What an operation does stands in its ``reason``; what happened is told in ``FOLDER/told``, a line
each. ``FOLDER/<operation id>.go`` lets a blocked operation end.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.app.stores import SqlJournal
from core.drift.sweeps import SweepState
from core.operations.states import ENDED, OperationState
from core.work.work import Work
from core.workers.engine.engine import AT_ONCE, DbosEngine


@dataclass(slots=True)
class Carrier:
    journal: SqlJournal
    folder: Path
    name: str

    def carry_out(self, operation_id: str) -> datetime | None:
        operation = self.journal.operation(operation_id)
        now = datetime.now(UTC)
        if operation.state in ENDED:
            return None
        if operation.state is OperationState.HELD:
            if now < operation.hold_until:
                self.tell("held", operation_id)
                return operation.hold_until
            self.journal.move(operation_id, OperationState.RUNNING, at=now, actor=self.name)
        run, operation = self.journal.begin_run(operation_id, at=now)
        self.tell("carries", operation_id)
        if operation.state is OperationState.RUNNING:
            again = self.behave(operation_id, operation.reason, run)
            if again is not None:
                return again
        to = self.journal.operation(operation_id).state
        stopping = to is OperationState.STOPPING
        end = OperationState.STOPPED if stopping else OperationState.DONE
        self.tell("ended", operation_id)  # before it can be seen to have ended
        self.journal.move(operation_id, end, at=datetime.now(UTC), actor=self.name)
        return None

    def behave(self, operation_id: str, reason: str, run: object) -> datetime | None:
        match reason.split():
            case ["block"]:
                while not (self.folder / f"{operation_id}.go").exists():
                    self.journal.add_calls(run, 1)  # type: ignore[arg-type]
                    time.sleep(0.02)
            case ["fail", times] if self.told("carries", operation_id) <= int(times):
                raise RuntimeError("nobody expected that")
            case ["wait", seconds] if self.told("carries", operation_id) == 1:
                return datetime.now(UTC) + timedelta(seconds=float(seconds))
        return None

    def carry_sweep(self, sweep_id: str) -> datetime | None:
        """Pages without end, until it is let go."""
        sweep = self.journal.take_sweep(sweep_id)
        if sweep.ended:
            return None
        self.tell("sweeps", sweep_id)
        self.tell(f"from-page-{sweep.pages}", sweep_id)
        while not (self.folder / f"{sweep_id}.go").exists():
            sweep = replace(sweep, state=SweepState.RUNNING, pages=sweep.pages + 1)
            self.journal.save_sweep(sweep)
            time.sleep(0.02)
        self.journal.save_sweep(replace(sweep, state=SweepState.COMPLETE))
        self.tell("swept", sweep_id)
        return None

    def tell(self, what: str, operation_id: str) -> None:
        with (self.folder / "told").open("a") as told:
            told.write(f"{what} {operation_id} {self.name} {time.time():.3f}\n")

    def told(self, what: str, operation_id: str) -> int:
        lines = (self.folder / "told").read_text().splitlines()
        return sum(line.startswith(f"{what} {operation_id} ") for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default=str(os.getpid()))
    parser.add_argument("--dead-after", type=float, default=10.0)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument("--at-once", type=int, default=4)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    journal = SqlJournal(asked.url)
    at_once = {**AT_ONCE, Work.OPERATION: asked.at_once}
    engine = DbosEngine(journal, asked.url, dead_after_s=asked.dead_after, at_once=at_once)
    carrier = Carrier(journal, asked.folder, asked.name)
    engine.start({Work.OPERATION: carrier.carry_out, Work.SWEEP: carrier.carry_sweep})
    sys.stdout.write(f"{engine.executor_id}\n")
    sys.stdout.flush()
    stop.wait()
    engine.stop(grace_s=asked.grace)
    journal.close()


if __name__ == "__main__":
    main()
