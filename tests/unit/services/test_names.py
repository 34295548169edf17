"""Students by name: one question for a table, nobody waited for, and no way to read the school."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.access.pacing import Limits
from core.access.rationing import Rationing
from core.audit.entries import Sought, What
from core.credits.errors import JournalError
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.mirror.port import MirrorRow
from core.students.names import BUSY, HOLDS, LOOKS_MAX, QUIET, Named, Student, StudentNames
from tests.fakes.crm import FakeCrm, Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MANAGER = Actor(email="manager@example.test", role=Role.MANAGER)
#: Long enough for fakes on a busy machine.
LONG_S = 10.0


@dataclass(slots=True)
class CountingMirror(FakeMirror):
    """Tells what was asked of it."""

    asked: list[tuple[Kind, int]] = field(default_factory=list)
    #: Waited for before each answer.
    gate: threading.Event | None = None

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        self.asked.append((kind, len(ids)))
        if self.gate is not None:
            self.gate.wait(LONG_S)
        return FakeMirror.rows(self, kind, ids)


class School:
    """Students in either store, and the service over them."""

    def __init__(self, **limits: int | None) -> None:
        self.at = NOON
        self.mirror, self.journal = CountingMirror(), MemoryJournal()
        self.requests: list[Request] = []
        self.fault = Fault.NONE
        self.crm = FakeCrm(lambda: self.at, sending=self._sending)
        rationing = Rationing(self.journal, lambda: self.at, Limits(**limits))
        self.names = StudentNames(self.crm, self.mirror, rationing, lambda: self.at)

    def _sending(self, request: Request) -> Fault:
        self.requests.append(request)
        return self.fault

    def mirrored(self, *ids: str) -> None:
        self.mirror.copy(
            Kind.CONTACT,
            [{**_ROW, "hubspot_id": id_, "firstname": "Ada", "lastname": id_} for id_ in ids],
        )

    def booked(self, **owners: str) -> None:
        """Bookings ``b1="7"`` as the mirror holds them, under ids that HubSpot can have."""
        rows = [
            {**_ROW, "hubspot_id": id_.removeprefix("b"), "contact_hubspot_id": owner}
            for id_, owner in owners.items()
        ]
        self.mirror.copy(Kind.BOOKING, rows)

    def of(self, *ids: str, wait_s: float = LONG_S) -> Named:
        return self.names.of(ids, MANAGER, wait_s=wait_s)

    def told(self, *ids: str) -> list[str]:
        named = self.of(*ids)
        return [named.of(Kind.CONTACT, id_).told for id_ in ids]


_ROW: Mapping[str, object] = {"source_modified_at": NOON.isoformat()}


@settings(deadline=None, max_examples=20)
@given(st.sets(st.integers(1, 999), min_size=1, max_size=400), st.integers(0, 50))
def test_a_table_of_any_length_is_one_question_to_supabase(ids: set[int], bookings: int) -> None:
    school = School(named=None)
    some = [str(n) for n in ids]
    school.mirrored(*some)
    school.booked(**{f"b{5000 + n}": some[n % len(some)] for n in range(bookings)})
    records = [(Kind.CONTACT, id_) for id_ in some]
    records += [(Kind.BOOKING, str(5000 + n)) for n in range(bookings)]

    named = school.names.whose(records, MANAGER, wait_s=LONG_S)

    assert [f"Ada {id_}" for id_ in some] == [named.of(Kind.CONTACT, id_).name for id_ in some]
    assert all(
        named.of(Kind.BOOKING, str(5000 + n)) == Student(some[n % len(some)], f"Ada {owner}")
        for n in range(bookings)
        for owner in [some[n % len(some)]]
    )
    assert [Kind.CONTACT] == [kind for kind, _ in school.mirror.asked if kind is Kind.CONTACT]
    assert len(school.mirror.asked) == (2 if bookings else 1)
    assert not school.requests


def test_whom_supabase_lacks_hubspot_names_in_one_batch() -> None:
    school = School()
    school.mirrored("1")
    for id_ in ("2", "3"):
        school.crm.add_contact(id_, firstname="Bo", lastname=id_)
    school.crm.add_contact("4")  # without a name

    assert ["Ada 1", "Bo 2", "Bo 3", "4", "5"] == school.told("1", "2", "3", "4", "5")
    assert [("2", "3", "4", "5")] == [request.ids for request in school.requests]


def test_student_of_a_booking_that_supabase_lacks_is_found_by_its_association() -> None:
    school = School()
    school.mirrored("1")
    school.crm.add_contact("1")
    school.crm.add_exam("70")
    school.crm.add_booking("50", contact="1", exam="70")

    named = school.names.whose([(Kind.BOOKING, "50"), (Kind.EXAM, "70")], MANAGER, wait_s=LONG_S)

    assert Student("1", "Ada 1") == named.of(Kind.BOOKING, "50")
    assert Student() == named.of(Kind.EXAM, "70")
    assert ["associations"] == [request.what for request in school.requests]


def test_names_are_kept_for_a_moment_and_whoever_was_deleted_has_none_after_it() -> None:
    school = School()
    school.mirrored("1")
    assert ["Ada 1"] == school.told("1")

    school.mirror.delete(Kind.CONTACT, list(school.mirror.rows(Kind.CONTACT, ["1"]).values()))
    school.mirror.asked.clear()
    assert ["Ada 1"] == school.told("1")
    assert [] == school.mirror.asked

    school.at += HOLDS
    assert ["1"] == school.told("1")
    assert ["1"] == school.told("1"), "that there is none is kept too"
    assert 1 == len(school.mirror.asked)


def test_while_supabase_is_away_ids_are_shown_and_nobody_is_asked() -> None:
    school = School()
    school.mirrored("1")
    school.mirror.die()

    found = school.of("1")
    assert Student("1") == found.of(Kind.CONTACT, "1")
    assert "Supabase cannot be reached" in found.fault
    assert [] == school.requests

    school.mirror.come_back()
    school.mirror.asked.clear()
    assert "Supabase" in school.of("1").fault
    assert [] == school.mirror.asked, "it is left alone for a moment"

    school.at += QUIET
    assert ["Ada 1"] == school.told("1")


def test_while_hubspot_is_away_those_in_supabase_have_names() -> None:
    school = School()
    school.mirrored("1")
    school.fault = Fault.NOT_SENT

    found = school.of("1", "2")

    assert [Student("1", "Ada 1"), Student("2")] == [found.of(Kind.CONTACT, i) for i in "12"]
    assert found.fault
    asked = len(school.requests)
    assert school.of("2").fault == found.fault
    assert asked == len(school.requests)


def test_store_that_hangs_is_not_waited_for_and_its_names_come_later() -> None:
    school = School()
    school.mirrored("1")
    school.mirror.gate = threading.Event()

    found = school.of("1", wait_s=0.05)
    assert Student("1") == found.of(Kind.CONTACT, "1")
    assert "Supabase has not answered" in found.fault

    school.mirror.gate.set()
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join(LONG_S)
    assert "Ada 1" == school.of("1").of(Kind.CONTACT, "1").name


def test_over_the_ration_tables_have_ids_alone_and_people_are_told() -> None:
    school = School(named=3)
    school.mirrored(*"12345")

    assert ["Ada 1", "Ada 2"] == school.told("1", "2")
    assert ["Ada 1", "Ada 2"] == school.told("2", "1")[::-1], "the same students count once"

    found = school.of(*"1345")
    assert ["Ada 1", "3", "4", "5"] == [found.of(Kind.CONTACT, id_).told for id_ in "1345"]
    assert "students named in tables" in found.fault
    (link,) = school.journal.audit(Sought(what=(What.UNUSUAL,)))
    assert MANAGER.email == link.entry.actor

    school.at += timedelta(minutes=10)
    assert ["Ada 3"] == school.told("3")


def test_nobody_is_named_who_could_not_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    school = School()
    school.mirrored("1")

    def dead(*_: object, **__: object) -> None:
        raise JournalError("the store is away")

    monkeypatch.setattr(school.journal, "spend", dead)

    found = school.of("1")
    assert Student("1") == found.of(Kind.CONTACT, "1")
    assert "the store is away" == found.fault


def test_what_is_older_than_names_are_kept_has_none() -> None:
    school = School()
    assert school.names.kept(NOON - timedelta(days=9999)), "for ever, unless the settings say so"

    school.names.keep = timedelta(days=400)
    assert school.names.kept(NOON - timedelta(days=399))
    assert not school.names.kept(NOON - timedelta(days=400))


def test_whoever_may_not_look_students_up_is_told_no_names() -> None:
    school = School()
    app = Actor(email="api:app/1", role=Role.STAFF, only=frozenset())

    with pytest.raises(NotAllowed):
        school.names.of(["1"], app)
    assert [] == school.mirror.asked


def test_hubspot_that_hangs_keeps_nobody_from_the_names_in_supabase() -> None:
    school = School(named=None)
    school.mirrored(*(str(n) for n in range(1, 30)))
    gate = threading.Event()

    def hang(_: Request) -> None:
        gate.wait(LONG_S)

    school.crm.answered = hang

    hung = [school.of(str(1000 + n), wait_s=0.05) for n in range(6)]
    for _ in range(6):
        school.at += QUIET  # it is tried again, and hangs again
        hung.append(school.of(str(2000 + len(hung)), wait_s=0.05))
    found = school.of("1", "2")

    assert ["Ada 1", "Ada 2"] == [found.of(Kind.CONTACT, id_).name for id_ in "12"]
    assert any("HubSpot has not answered" in each.fault for each in hung)
    assert 1 == len(school.requests)
    gate.set()


def test_whoever_is_left_out_while_hubspot_names_others_is_told_why() -> None:
    school = School()
    for id_ in "12":
        school.crm.add_contact(id_, firstname="Bo", lastname=id_)
    asked, gate = threading.Event(), threading.Event()

    def hang(_: Request) -> None:
        asked.set()
        gate.wait(LONG_S)

    school.crm.answered = hang
    first = threading.Thread(target=school.of, args=("1",))
    first.start()
    assert asked.wait(LONG_S)

    found = school.of("2")
    assert (Student("2"), BUSY) == (found.of(Kind.CONTACT, "2"), found.fault)
    gate.set()
    first.join(LONG_S)
    found = school.of("1", "2")
    assert (["Bo 1", "Bo 2"], "") == (school.told("1", "2"), found.fault)


def test_a_merged_student_has_the_new_one_s_name_by_each_id() -> None:
    school = School()
    for id_, name in (("1", "Bo"), ("2", "Cy")):
        school.crm.add_contact(id_, firstname=name, lastname="Lee")
    into = school.crm.merge(Kind.CONTACT, "1", "2")

    assert ["Bo Lee"] * 3 == school.told("1", "2", into)


def test_a_machine_without_a_thread_to_spare_names_people_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    school = School()
    school.mirrored("1")

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        for _ in range(LOOKS_MAX + 1):
            assert BUSY == school.of("1").fault

    assert "Ada 1" == school.of("1").of(Kind.CONTACT, "1").name
