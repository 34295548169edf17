"""How many reruns of pages one core serves to ten people who click at the same time.

The app's own server (``streamlit run asgi.py``) on the local stack, with 500 operations of 1,000
bookings and 90 days of checks and measures behind it. Ten signed-in tabs, each asking for its page
again as soon as it is drawn, as a click does that changes nothing: the overview, the operations, a
student and the drift page in turn. Counted is the CPU time of the server's process: what others do
on the machine costs it none, and Python runs one thread at a time.

``--before FOLDER``: beside another state of the project, whose server has the same store and is
asked in turn. Alone: ``python -m benchmarks.many_sessions``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import psutil  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.overview_page import SMALL, fill
from benchmarks.report import Report, at_least
from sandbox.ports import any_free
from scripts import secrets_file
from scripts.local_desk import served
from scripts.processes import ROOT, local_stack
from tests.contract.gate.visitor import USER, Server, Tab
from tests.crash.desk import ADMIN, BOOKINGS, Desk
from tests.pages.stage import come_in, signed_in

SESSIONS = 10
#: Of each page by each session in one round, the first by opening it.
RERUNS, ROUNDS = 6, 3
#: Reruns a second on one core; or so many times those of the state before.
BUDGET_PER_S, BUDGET_TIMES = 40.0, 2.5
REACHED = f"part of {BUDGET_PER_S:.0f} reruns a second, or of {BUDGET_TIMES} times those before"
BUDGETS = (at_least(REACHED, 1),)
LEFT_OUT = (
    "the browsers, HubSpot, Supabase, every process but the server's, and what a server does once: "
    "imports, the first visit, verifying the whole audit log"
)
#: A server rests when it uses less of a core than this for a second.
RESTS_AT, RESTS_WITHIN_S = 0.2, 120.0
#: A page -> what its address names.
Pages = Mapping[str, Mapping[str, str]]


@dataclass
class Session:
    """A tab as a browser keeps it: what it was sent before, it need not be sent again."""

    tab: Tab
    known: set[str] = field(default_factory=set)

    def open(self, page: str, address: Mapping[str, str]) -> None:
        asked = BackMsg()
        asked.rerun_script.page_name = page
        self._ask(asked, address)

    def click(self, address: Mapping[str, str]) -> None:
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.tab.page
        self._ask(asked, address)

    def _ask(self, asked: BackMsg, address: Mapping[str, str]) -> None:
        asked.rerun_script.query_string = urlencode(address)
        asked.rerun_script.cached_message_hashes.extend(self.known)
        self.tab.socket.send(asked.SerializeToString())
        for _, message in self.tab.until_drawn():
            if message.metadata.cacheable and message.hash:
                self.known.add(message.hash)


@dataclass(frozen=True)
class State:
    """A server of one state of the project, and what it was measured at."""

    name: str
    process: psutil.Process
    sessions: Sequence[Session]
    per_s: list[float] = field(default_factory=list)

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def round(self, pages: Pages, reruns: int) -> None:
        """Each session goes over the pages, beginning with another one."""
        before = self.cpu_s()
        threads = [
            threading.Thread(target=_goes_over, args=(session, pages, reruns, n))
            for n, session in enumerate(self.sessions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        number = len(self.sessions) * len(pages) * reruns
        self.per_s.append(number / (self.cpu_s() - before))

    def rest(self) -> None:
        """Wait until what it does once is done. Raises TimeoutError."""
        until = time.monotonic() + RESTS_WITHIN_S
        while time.monotonic() < until:
            before = self.cpu_s()
            time.sleep(1)
            if self.cpu_s() - before < RESTS_AT:
                return
        raise TimeoutError(f"the server of {self.name} does not rest")

    @property
    def middle(self) -> float:
        return sorted(self.per_s)[len(self.per_s) // 2]


def _goes_over(session: Session, pages: Pages, reruns: int, first: int) -> None:
    each = list(pages.items())
    for n in range(len(each)):
        page, address = each[(first + n) % len(each)]
        session.open(page, address)
        for _ in range(reruns - 1):
            session.click(address)


@contextmanager
def state(name: str, folder: Path, desk: Desk, stack: Mapping[str, str]) -> Iterator[State]:
    """The server of the code in ``folder``, and ten people who have it open."""
    port = any_free()
    secrets = desk.folder / f"{name}.toml"
    secrets_file.write(secrets, stack, origin=f"http://localhost:{port}")
    options = ("--secrets.files", str(secrets))
    with ExitStack() as stay:
        log = stay.enter_context((desk.folder / f"{name}.log").open("w"))
        leash = stay.enter_context(
            served(port, *options, environment=desk.environment, log=log, folder=folder)
        )
        (process,) = psutil.Process(leash.pid).children()
        server = Server(port)
        cookie = server.cookie(
            come_in(desk.journal, signed_in(email=ADMIN, iat=time.time(), sign_in=name)),
            secret=stack["AUTH_COOKIE_SECRET"],
        )
        tabs = [stay.enter_context(server.tab({USER: cookie})) for _ in range(SESSIONS)]
        yield State(name, process, [Session(tab) for tab in tabs])


def a_student(desk: Desk) -> str:
    """Somebody with a booking."""
    (booking,) = desk.active_bookings(1)[:1]
    read = desk.objects(BOOKINGS, [booking], ["associated_contact_id"])
    return str(read[booking]["associated_contact_id"])


def measure(folder: Path, store: Path | None, before: Path | None, rounds: int) -> list[State]:
    """``store``: a filled one, made where it is missing, so that the next run need not."""
    kept = folder / "desk.sqlite"
    if store is not None and store.exists():
        shutil.copy(store, kept)
    with local_stack(
        "--port", "0", *SMALL, "--state", str(folder / "stack"), log=folder / "stack.log"
    ) as stack:
        desk = Desk(stack, folder)
        desk.core("provision")
        if store is None or not store.exists():
            fill(desk.journal, desk.environment["OPS_DATABASE_URL"], datetime.now(UTC))
            if store is not None:
                desk.journal.close()  # what is left in its log beside it goes into the file
                shutil.copy(kept, store)
        pages: Pages = {
            "overview": {},
            "operations": {},
            "contacts": {"id": a_student(desk)},
            "drift": {},
        }
        with ExitStack() as stay:
            folders = {"now": ROOT} | ({"before": before} if before else {})
            states = [
                stay.enter_context(state(name, where, desk, stack))
                for name, where in folders.items()
            ]
            for one in states:
                one.round(pages, 2)
                one.rest()
                one.per_s.clear()
            for _ in range(rounds):
                for one in states:
                    one.round(pages, RERUNS)
        desk.close()
    return states


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="the folder of another state of the project")
    parser.add_argument("--store", type=Path, help="a filled store; made where it is missing")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        states = measure(Path(folder), given.store, given.before, given.rounds)
    now = states[0].middle
    found = {"reruns a second": now, REACHED: now / BUDGET_PER_S}
    if given.before:
        found["times those before"] = times = now / states[1].middle
        found[REACHED] = max(found[REACHED], times / BUDGET_TIMES)
    more = {one.name: [round(each, 1) for each in one.per_s] for one in states}
    return Report("many_sessions", BUDGETS, found, left_out=LEFT_OUT, more=more).tell()


if __name__ == "__main__":
    sys.exit(main())
