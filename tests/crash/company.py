"""An exam's cancellation by the desk while a student app writes the same students, with a ledger.

The ledger knows what each writer meant: a booking that anybody cancelled gives its credit back
once, a spend takes one. Whatever HubSpot holds beside that is a credit doubled or lost. Each must
be named by the operation, with the correction that makes it right.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import Kind
from core.credits.writes import WriteState
from scripts.processes import ROOT
from tests.crash.desk import BATCH, BOOKINGS, Desk, write_csv
from tests.crash.school import CONTACTS, EXAMS, School, date_of
from tests.crash.waiting import wait_for

#: What the students of one round pay with, and how many they have before.
SJ, CS, *_ = SCHOOL.keys
TOKENS = {CS: "Clinical Skills Token", SJ: "Situational Judgment Token"}
HELD_MAX = 6
STUDENT_APP_ID = 4_711
STUDENT_TOKEN = "pat-student-app"
UNLIMITED = 100_000
#: Writes are looked at again a minute and a quarter after they were sent, by a job of each minute.
LOOKED_AT_WITHIN_S = 400.0
#: Until a contact is older than an app may think, its balance may have been read before it had one.
GROWN_UP_S = 65.0
COMMANDS_AT_ONCE = 4
ON_OFFER = frozenset({"correction on offer", "needs a decision"})
#: (contact, credit type) to a number of credits.
Ledger = Counter[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much happens in a round."""

    bookings: int = 2_000
    cancelling: int = 20
    spending: int = 200
    latency_ms: int = 150
    #: Students come within so long after the desk began; those who cancel in the first part of
    #: it, for later their booking is shown to them as cancelled.
    come_within_s: float = 15.0
    cancel_within: float = 0.3
    #: The app's time between reading and writing.
    think_s: tuple[float, float] = (0.2, 3.0)
    #: How old the students' records are when the desk begins.
    age_s: float = GROWN_UP_S
    #: The app uses the desk's own HubSpot app, so that nothing tells their writes apart.
    shared_token: bool = False


@dataclass
class Roster:
    """Students with bookings in some sessions, made for one round."""

    school: School
    size: Size
    rng: random.Random
    contacts: list[str] = field(default_factory=list)
    #: By record id: whose it is, and what it cost.
    bookings: dict[str, tuple[str, str]] = field(default_factory=dict)
    before: Ledger = field(default_factory=Counter)

    def make(self) -> None:
        """By batches: one at a time would take minutes."""
        # a third of the students have two bookings, as at the school
        students = max(1, round(self.size.bookings * 0.8))
        held = [{key: self.rng.randint(2, HELD_MAX) for key in TOKENS} for _ in range(students)]
        self.contacts = self._created(CONTACTS, [self._student(n, h) for n, h in enumerate(held)])
        for contact, balances in zip(self.contacts, held, strict=True):
            self.before.update({(contact, key): n for key, n in balances.items()})
        exams = [
            self.school.exam("Clinical Skills", day=n, left=0, taken=self.size.bookings)
            for n in range(3)
        ]
        whose = [*self.contacts, *self.rng.choices(self.contacts, k=self.size.bookings - students)]
        paid = [self.rng.choice(list(TOKENS)) for _ in whose]
        wanted = [
            self._booking(n, contact, exams[n % len(exams)], TOKENS[key])
            for n, (contact, key) in enumerate(zip(whose, paid, strict=True))
        ]
        made = self._created(BOOKINGS, wanted)
        self.bookings = dict(zip(made, zip(whose, paid, strict=True), strict=True))

    def _student(self, n: int, held: Mapping[CreditType, int]) -> dict[str, Any]:
        word = self.school.word
        return {
            "properties": {
                **dict.fromkeys(SCHOOL.keys, "0"),
                **{key: str(number) for key, number in held.items()},
                "firstname": "Test",
                "lastname": f"Student {n}",
                "email": f"{word}.{n}@company.example.test",
                "student_id": f"{word.removeprefix('school')}{n:05}",
            }
        }

    def _booking(self, n: int, contact: str, exam: str, token: str) -> dict[str, Any]:
        ends = ((CONTACTS, contact), (EXAMS, exam))
        links = [{"to": {"id": id_}, "types": self.school.types_to(to)} for to, id_ in ends]
        name = f"Company-{self.school.word}-{n}-{date_of(n % 3)}"
        properties = {"booking_id": name, "is_active": "Active", "token_used": token}
        return {"properties": properties, "associations": links}

    def _created(self, type_: str, inputs: Sequence[dict[str, Any]]) -> list[str]:
        made: list[str] = []
        for start in range(0, len(inputs), BATCH):
            some = [
                {**one, "objectWriteTraceId": str(n)}
                for n, one in enumerate(inputs[start : start + BATCH])
            ]
            path = f"/crm/objects/2026-09/{type_}/batch/create"
            answer = self.school.desk.hubspot.post(path, json={"inputs": some})
            assert answer.status_code == 201, answer.text
            by_trace = {row["objectWriteTraceId"]: row["id"] for row in answer.json()["results"]}
            made += [str(by_trace[str(n)]) for n in range(len(some))]
        return made

    # --- what the students do

    def visits(self) -> list[dict[str, Any]]:
        """Who comes to the student app, when and for what; nobody comes for two things."""
        chosen = self.rng.sample(list(self.bookings), len(self.bookings))
        taken: set[str] = set()
        acts = ["cancel"] * self.size.cancelling + ["spend"] * self.size.spending
        visits: list[dict[str, Any]] = []
        for booking in chosen:
            contact, credit = self.bookings[booking]
            if len(visits) == len(acts):
                break
            if contact in taken:
                continue
            taken.add(contact)
            visits.append(self._visit(acts[len(visits)], contact, credit, booking))
        return visits

    def _visit(self, act: str, contact: str, credit: str, booking: str) -> dict[str, Any]:
        within_s = self.size.come_within_s
        if act == "cancel":
            within_s *= self.size.cancel_within
        return {
            "act": act,
            "contact": contact,
            "credit": credit,
            "booking": booking,
            "at_s": round(self.rng.uniform(0, within_s), 3),
            "think_s": round(self.rng.uniform(*self.size.think_s), 3),
        }

    def ledger(self, did: Sequence[Mapping[str, Any]]) -> Ledger:
        """Every balance as it should be: each cancelled booking's credit once, each spend once."""
        should = Counter(self.before)
        for contact, credit in self.bookings.values():
            should[contact, credit] += 1
        for act in did:
            if act["act"] == "spend" and act["did"]:
                should[act["contact"], act["credit"]] -= 1
        return should

    def held(self) -> Ledger:
        """Every balance as HubSpot has it."""
        return Counter(self.school.desk.balances(self.before))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A balance that is not what the ledger says."""

    contact: str
    credit: str
    #: More (doubled) or fewer (lost) credits than there should be.
    by: int
    #: What the operation offers to make it right; whether it asks a person about this balance.
    offered: int
    asked: bool
    #: What the student did.
    act: Mapping[str, Any]

    @property
    def named(self) -> bool:
        return self.offered == -self.by or self.asked


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round came to."""

    seed: int
    seconds: float
    cancelled: int
    spent: int
    #: Balances on which the operation asked a person.
    unclear: int
    #: Credits that the desk gave again by itself.
    mended: int
    #: Before and after the remedies that the operation offers were taken.
    faults: Sequence[Fault]
    left: Sequence[Fault]
    #: Offers of a correction where nothing is wrong.
    false: Sequence[Fault]
    report: Mapping[str, Any]

    @property
    def doubled(self) -> int:
        return sum(1 for fault in self.faults if fault.by > 0)

    @property
    def lost(self) -> int:
        return sum(1 for fault in self.faults if fault.by < 0)

    @property
    def unnamed(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.named]

    @property
    def right(self) -> bool:
        return not (self.unnamed or self.left or self.false)


def play(desk: Desk, size: Size, seed: int) -> Round:
    """One round on this desk: an operation, its company, the remedies. A worker must run."""
    rng = random.Random(seed)
    desk.latency(0)
    desk.without_a_limit()
    roster = Roster(School(desk, tag=f"company {seed}"), size, rng)
    roster.make()
    grown_up = time.monotonic() + size.age_s
    wait_for(lambda: time.monotonic() >= grown_up, within_s=size.age_s + 60)
    desk.latency(size.latency_ms)
    desk.with_its_limit()
    chosen = write_csv(desk.folder / f"company-{seed}.csv", list(roster.bookings))
    with student_app(desk, size, roster.visits()) as app:
        confirming = Confirming(desk, chosen)
        confirming.start()
        wait_for(confirming.begun)
        did = app.run()
        done = datetime.now(UTC)
        operation = confirming.ended()
    desk.until_ended(operation)
    return _judged(desk, roster, seed, operation, did, done)


def _judged(
    desk: Desk,
    roster: Roster,
    seed: int,
    operation: Mapping[str, Any],
    did: Sequence[Mapping[str, Any]],
    done: datetime,
) -> Round:
    desk.latency(0)
    desk.without_a_limit()
    id_ = operation["operation"]
    wait_for(lambda: _verified_since(desk, id_, done), within_s=LOOKED_AT_WITHIN_S)
    should = roster.ledger(did)
    report = desk.core("operation", id_, fails=None)
    faults, false = _faults(roster.held(), should, report, did)
    _remedy(desk, report, {(f.contact, f.credit): -f.by for f in faults})
    left, _ = _faults(roster.held(), should, {}, did)
    acts = Counter(act["act"] for act in did if act["did"])
    return Round(
        seed=seed,
        seconds=report["seconds"],
        cancelled=acts["cancel"],
        spent=acts["spend"],
        unclear=len(_questions(report)),
        mended=sum(1 for each in report["foreign_writes"] if each["remedy"] == "corrected"),
        faults=faults,
        left=left,
        false=false,
        report=report,
    )


def _verified_since(desk: Desk, operation_id: str, done: datetime) -> bool:
    """Whether each write of before was compared with its history after everybody was ``done``."""
    landed = [r for r in desk.journal.writes(operation_id) if r.state is WriteState.LANDED]
    before = [r for r in landed if r.write.kind is Kind.CONTACT and r.write.sent_at < done]
    return all(r.verified_at is not None and r.verified_at > done for r in before)


def _remedy(desk: Desk, report: Mapping[str, Any], due: Mapping[tuple[str, str], int]) -> None:
    """What a person does: answers each question by the ledger, then takes what is on offer."""
    id_, left = report["operation"], Counter(due)
    refunded: list[Sequence[str]] = []
    owed: list[Sequence[str]] = []
    for each in report["needs_eyes"]:
        if each["state"] == "undecided":
            key = (each["contact"], each["credit"])
            (owed if left[key] > 0 else refunded).append((each["booking"],))
            left[key] -= left[key] > 0
    _decide(desk, id_, [(*each, "--refunded") for each in refunded])
    for each in owed:  # one at a time: the operation goes on after each of them
        _decide(desk, id_, [(*each, "--owed")])
        desk.until_ended(report)
    unclear = []
    for found in report["foreign_writes"]:
        if found["remedy"] == "needs a decision":
            by, left[_counter(found)] = left[_counter(found)], 0
            unclear.append((found["name"], "--by", str(by)))
    _decide(desk, id_, unclear)
    if any(found["remedy"] in ON_OFFER for found in report["foreign_writes"]):
        corrected = desk.core("correct", id_, "--reason", "what others changed", fails=None)
        if isinstance(corrected, dict):
            desk.until_ended(corrected)


def _decide(desk: Desk, operation_id: str, said: Sequence[Sequence[str]]) -> None:
    """Several commands at a time: each starts a process."""
    with ThreadPoolExecutor(COMMANDS_AT_ONCE) as pool:
        list(
            pool.map(
                lambda words: desk.core("decide", operation_id, *words, "--why", "by the ledger"),
                said,
            )
        )


def _counter(found: Mapping[str, Any]) -> tuple[str, str]:
    return found["record"].partition(" ")[2], found["credit"]


def _offers(report: Mapping[str, Any]) -> Ledger:
    """By how much the operation would correct each balance."""
    offered: Ledger = Counter()
    for found in report.get("foreign_writes", ()):
        open_ = found["remedy"] == "correction on offer"
        if found["record"].startswith(f"{Kind.CONTACT} ") and open_:
            offered[_counter(found)] += found["correction"]
    return offered


def _questions(report: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Balances on which it asks a person."""
    eyes = {(e["contact"], e["credit"]) for e in report.get("needs_eyes", ()) if e["credit"]}
    unclear = {
        _counter(found)
        for found in report.get("foreign_writes", ())
        if found["remedy"] == "needs a decision"
    }
    return eyes | unclear


def _faults(
    held: Ledger, should: Ledger, report: Mapping[str, Any], did: Sequence[Mapping[str, Any]]
) -> tuple[list[Fault], list[Fault]]:
    """Balances that are wrong, and right ones that a correction is offered for."""
    acts = {(act["contact"], act["credit"]): act for act in did}
    offered, questions = _offers(report), _questions(report)
    found = [
        Fault(
            contact=key[0],
            credit=key[1],
            by=held[key] - should[key],
            offered=offered[key],
            asked=key in questions,
            act=acts.get(key, {}),
        )
        for key in should
        if held[key] != should[key] or offered[key]
    ]
    return [fault for fault in found if fault.by], [fault for fault in found if not fault.by]


class Confirming:
    """``python -m core cancel``, in a thread: the desk may begin before the command has ended."""

    def __init__(self, desk: Desk, chosen: Path) -> None:
        self.desk, self.chosen = desk, chosen
        self.known = {operation.id for operation in desk.journal.operations()}
        self.told: list[Any] = []
        self.thread = threading.Thread(target=self._confirm, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def _confirm(self) -> None:
        args = ("cancel", "--bookings", str(self.chosen), "--reason", "the examiner is ill")
        self.told.append(self.desk.core(*args))

    def begun(self) -> bool:
        """Whether a worker has it, and works."""
        begun = [o for o in self.desk.journal.operations() if o.id not in self.known]
        if not self.thread.is_alive() and not self.told:
            raise AssertionError("the cancellation was not confirmed")
        return any(operation.started_at is not None for operation in begun)

    def ended(self) -> Any:
        self.thread.join()
        return self.told[0]


class App:
    """The student app's process, ready to begin."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self) -> list[dict[str, Any]]:
        """Let the students come; what each did."""
        out, _ = self.process.communicate("go\n")
        assert self.process.returncode == 0, "the student app failed"
        did: list[dict[str, Any]] = json.loads(out)
        return did


@contextmanager
def student_app(desk: Desk, size: Size, visits: Sequence[Mapping[str, Any]]) -> Iterator[App]:
    token = desk.stack["HUBSPOT_TOKEN"]
    if not size.shared_token:
        token = STUDENT_TOKEN
        app = {"token": token, "app_id": STUDENT_APP_ID, "name": "Student app"}
        asked = desk.hubspot.put("/_sandbox/apps", json={**app, "rate_limit": UNLIMITED})
        asked.raise_for_status()
    told = {
        "base_url": desk.stack["HUBSPOT_BASE_URL"],
        "token": token,
        "bookings_type": BOOKINGS,
        "visits": list(visits),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.student_app"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", "the student app did not start"
        yield App(process)
    finally:
        process.kill()
        process.wait()
