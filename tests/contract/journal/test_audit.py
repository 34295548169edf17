"""What stands in the audit of each act, and that it is only appended to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from core.access.api_key_rules import ApiKey, Scope
from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.audit.chain import EMPTY, Head, Link, Walk, chained, texts
from core.audit.entries import Entry, Sought, Subject, What
from core.audit.reasons import FORGOTTEN
from core.audit.store.event_port import Event
from core.credits.errors import JournalError, StateConflict, Superseded
from core.credits.records import BookingId, Kind
from core.credits.roles import Grant, Role
from core.credits.writes import MovementKind, WriteState
from core.database.database import SCHEMA, Database
from core.database.migrate import upgrade
from core.drift.repairs import Repair, RepairRow
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import (
    ADMIN,
    NOW,
    after,
    due,
    item,
    operation,
    outcome,
    plan_of,
    running,
    saved,
    write,
)
from tests.contract.journal.stores import fresh_database, past_the_triggers
from tests.contract.journal.test_sweeps import drift

Acting = Callable[[Journal], object]


def looked(n: int, **changes: object) -> Entry:
    values: dict[str, object] = {"at": after(n), "actor": ADMIN, "what": What.LOOKED}
    values |= {"subject": Subject.CONTACT, "subject_id": f"c{n}"}
    return Entry(**values | changes)  # type: ignore[arg-type]  # a case's own values


def entries(journal: Journal) -> list[Entry]:
    """Oldest first."""
    return [link.entry for link in journal.audit_links(0, 1000)]


def faults(journal: Journal) -> list[str]:
    walk = Walk()
    noted, last = journal.audit_head()
    walk.along(journal.audit_links(0, noted.n))
    walk.end(noted, last)
    return walk.faults


def test_an_audit_begins_empty_and_whole(journal: Journal) -> None:
    assert (EMPTY, 0) == journal.audit_head()
    assert [] == faults(journal)


def test_what_is_recorded_comes_back_as_it_was(journal: Journal) -> None:
    full = Entry(
        at=after(0.000001),
        actor=ADMIN,
        role="admin",
        what=What.ROLE_GIVEN,
        operation_id="op",
        subject=Subject.PERSON,
        subject_id="ann@example.test",
        reason='she said "Ölprüfung",\n=1+1',
        before={"role": None},
        after={"role": "staff", "n": 3, "yes": True},
        detail={"list": [1, "two", {"three": 3}]},
        once="once",
    )

    journal.record(full, looked(1))

    assert [full, looked(1)] == entries(journal)
    assert [1, 2] == [link.n for link in journal.audit_links(0, 1000)]
    assert [] == faults(journal)


def reasons(journal: Journal) -> list[str]:
    return [entry.reason for entry in entries(journal)]


def test_what_people_typed_is_not_in_the_chain_itself(journal: Journal) -> None:
    journal.record(*(looked(n, reason="Ada is ill") for n in range(3)), looked(3))
    assert 4 == len(journal.audit_links(0, 10))
    journal.record(looked(4, reason="Ada is ill"))

    links = journal.audit_links(0, 10)
    assert "Ada" not in str([link.texts for link in links])
    assert ["Ada is ill"] * 3 + ["", "Ada is ill"] == reasons(journal)
    salts = [link.reason.salt for link in links if link.reason]
    assert (1, 2) == (len(set(salts[:3])), len(set(salts))), "nobody sees that two are alike"


def test_reasons_are_forgotten_and_the_chain_is_whole(journal: Journal) -> None:
    journal.record(looked(1, reason="Ada is ill"))
    journal.record(looked(9, reason="Ben is ill"))

    assert 1 == journal.forget_reasons(before=after(5), by=ADMIN, at=after(20))
    assert 0 == journal.forget_reasons(before=after(5), by=ADMIN, at=after(21))

    told = entries(journal)
    assert [FORGOTTEN, "Ben is ill", ""] == [entry.reason for entry in told]
    assert (What.FORGOT, ADMIN, 1) == (told[2].what, told[2].actor, told[2].detail["reasons"])
    assert [] == faults(journal)


def test_what_is_recorded_once_is_there_once(journal: Journal) -> None:
    journal.record(looked(1, once="a"), looked(2, once="a"), looked(3))
    journal.record(looked(4, once="a"), looked(5, once="b"))
    journal.record(looked(6, once="b"))

    assert ["c1", "c3", "c5"] == [entry.subject_id for entry in entries(journal)]
    assert [] == faults(journal)


def test_the_role_is_that_of_the_moment_unless_the_act_says_it(journal: Journal) -> None:
    journal.grant(Grant(email="ann@example.test", role=Role.STAFF, by="the start", at=NOW))
    journal.record(looked(1, actor="Ann@Example.test"), looked(2, actor="nobody@example.test"))
    journal.record(looked(3, actor="ann@example.test", role="manager"))

    told = [(entry.actor, entry.role) for entry in entries(journal)[1:]]

    assert [
        ("ann@example.test", "staff"),
        ("nobody@example.test", ""),
        ("ann@example.test", "manager"),
    ] == told


def acts_of_an_operation(journal: Journal) -> None:
    journal.save_plan(plan_of(3))
    run = running(journal)
    journal.move("op", OperationState.RUNNING, at=after(1), actor=ADMIN)
    saved(journal, run, [write("w1", "b0", "b1"), write("w2", "b2", target="c1")])
    settled = [outcome("w1"), outcome("w2", WriteState.VOID, reason="it cannot arrive any more")]
    journal.settle(run, settled, due=[due()], at=after(2))
    journal.settle(run, settled, due=[due()], at=after(3))
    journal.move("op", OperationState.DONE, at=after(4), actor=ADMIN)
    journal.move("op", OperationState.RUNNING, at=after(5), actor=ADMIN, detail="retry")


def test_an_operation_is_told_from_its_preview_to_its_end(journal: Journal) -> None:
    acts_of_an_operation(journal)

    told = entries(journal)

    assert [
        What.PLANNED,
        What.CONFIRMED,
        What.BEGAN,
        What.WRITTEN,
        What.NOT_WRITTEN,
        What.ENDED,
        What.TAKEN_UP,
    ] == [entry.what for entry in told]
    assert {"op"} == {entry.operation_id for entry in told}
    assert {ADMIN} == {entry.actor for entry in told}
    assert ["", "the examiner is ill", ""] == [entry.reason for entry in told[:3]]
    assert {"skip": 0, "blocked": 1, "excluded": 0, "will change": 2} == told[0].detail["rows"]
    assert 4 == told[1].detail["bookings"]
    assert "retry" == told[-1].reason


def test_a_write_is_told_once_with_its_balances_before_and_after(journal: Journal) -> None:
    acts_of_an_operation(journal)

    landed, void = entries(journal)[3:5]

    assert ("contact", "c0") == (landed.subject, landed.subject_id)
    assert ({"cs_credits": 2}, {"cs_credits": 4}) == (landed.before, landed.after)
    assert {"write": "w1", "bookings": {"refund": ["b0", "b1"]}} == landed.detail
    assert "the examiner is ill" == landed.reason
    assert "it cannot arrive any more" == void.detail["why"]


def test_no_student_is_named(journal: Journal) -> None:
    acts_of_an_operation(journal)

    told = " ".join(str(link.texts) for link in journal.audit_links(0, 1000))

    assert "Lovelace" not in told
    assert "ada@" not in told
    assert "Clinical Skills" not in told


def swept(mode: SweepMode, by: str) -> Sweep:
    return Sweep(
        id=f"s-{mode}", mode=mode, state=SweepState.ASKED, started_at=NOW, saved_at=NOW, asked_by=by
    )


def test_roles_sweeps_repairs_and_dead_letters_are_told(journal: Journal) -> None:
    journal.grant(Grant(email="ann@example.test", role=Role.ADMIN, by=ADMIN, at=NOW))
    journal.withdraw("Ann@example.test", by="ann@example.test", at=NOW)
    journal.ask_sweep(swept(SweepMode.FULL, ADMIN))
    journal.ask_sweep(swept(SweepMode.FULL, ADMIN))
    journal.ask_sweep(swept(SweepMode.KNOWN, "the schedule"))
    rows = [RepairRow(drift=drift("c7"), n=0)]
    repair = Repair(id="r1", asked_by=ADMIN, reason="seen", asked_at=NOW, digest="d")
    journal.ask_repair(repair, rows)
    journal.ask_repair(repair, rows)

    told = entries(journal)

    assert [What.ROLE_GIVEN, What.ROLE_WITHDRAWN, What.SWEEP, What.REPAIR] == [
        entry.what for entry in told
    ]
    given, withdrawn, _, mended = told
    assert ("ann@example.test", {"role": "admin"}) == (given.subject_id, given.after)
    assert "admin" == withdrawn.role, "whoever withdraws their own role had it then"
    assert ("contact", "c7", "seen") == (mended.subject, mended.subject_id, mended.reason)


def test_a_second_admin_s_yes_is_told_with_who_had_asked(journal: Journal) -> None:
    asked = operation(state=OperationState.AWAITING, needs_approval="more than 50 bookings")
    journal.confirm(asked, [])
    journal.approve("op", by="eve@example.test", at=after(1), hold_until=after(11))

    confirmed, approved = entries(journal)

    assert "more than 50 bookings" == confirmed.detail["needs_approval"]
    assert (What.APPROVED, "eve@example.test") == (approved.what, approved.actor)
    assert {"asked_by": ADMIN, "because": "more than 50 bookings"} == approved.detail


def test_keys_are_told_without_what_opens_them(journal: Journal) -> None:
    key = ApiKey(
        id="0123456789ab",
        client="app",
        scopes=frozenset({Scope.READ}),
        digest="d1ge5t",
        made_by=ADMIN,
        made_at=NOW,
    )
    journal.add_key(key)
    journal.withdraw_key(key.id, by=ADMIN, at=after(1))
    journal.withdraw_key(key.id, by=ADMIN, at=after(2))

    told = entries(journal)

    assert [What.KEY_MADE, What.KEY_WITHDRAWN] == [entry.what for entry in told]
    assert {("key", key.id)} == {(entry.subject, entry.subject_id) for entry in told}
    assert {"client": "app", "scopes": ["read"], "ends": "never"} == told[0].detail
    assert "d1ge5t" not in str(told)


def test_an_event_s_entry_is_saved_with_it(journal: Journal) -> None:
    journal.record(Event(at=NOW, actor=ADMIN, what="asked for a copy"), looked(1))

    assert [looked(1)] == entries(journal)


def test_what_is_refused_leaves_no_entry(journal: Journal) -> None:
    journal.confirm(operation(), [])
    journal.confirm(operation(), [])
    with pytest.raises(StateConflict):
        journal.move("op", OperationState.DONE, at=NOW, actor=ADMIN)

    assert [What.CONFIRMED] == [entry.what for entry in entries(journal)]


def test_entries_are_sought_newest_first_a_page_at_a_time(journal: Journal) -> None:
    journal.record(*(looked(n, actor=f"p{n % 2}@example.test") for n in range(6)))
    journal.record(Entry(at=after(9), actor=ADMIN, what=What.SWEEP, operation_id="op"))

    def found(**sought: object) -> list[int]:
        wanted = Sought(**sought)  # type: ignore[arg-type]  # a case's own values
        links = journal.audit(wanted)
        assert len(links) == journal.audit_count(wanted)
        return [link.n for link in links]

    assert [7, 6, 5, 4, 3, 2, 1] == found()
    assert [5, 3, 1] == found(actor="P0@example.test")
    assert [7] == found(what=(What.SWEEP, What.REPAIR))
    assert [7] == found(operation_id="op")
    assert [4] == found(contact_id="c3")
    assert [4, 3] == found(since=after(2), until=after(4))
    assert [4, 3] == [link.n for link in journal.audit(Sought(), before=5, limit=2)]
    assert [5, 4] == [link.n for link in journal.audit(Sought(), limit=2, offset=2)]


def test_entries_are_found_by_exam_kind_and_words_of_an_operation(journal: Journal) -> None:
    """What stands behind an act, or is no act, is left out where only acts are sought."""
    journal.confirm(
        operation("a", reason="Heavy SNOW, 100%"), [item(0, operation_id="a", exam_id="e1")]
    )
    moving = operation("b", kind=OperationKind.MOVE, to_exam="e1", reason="ill")
    journal.confirm(moving, [item(1, operation_id="b", exam_id="e2")])
    journal.record(
        of_booking(What.CANCELLED, "b0", "a"),
        looked(4),
        Entry(at=after(5), actor=ADMIN, what=What.EXAM_CANCELLED, subject="exam", subject_id="e2"),
        Entry(at=after(6), actor=ADMIN, what="of a newer version"),
    )

    def found(**sought: object) -> list[int]:
        wanted = Sought(**sought)  # type: ignore[arg-type]  # a case's own values
        links = journal.audit(wanted)
        assert len(links) == journal.audit_count(wanted)
        return [link.n for link in links]

    assert [3, 2, 1] == found(exam_id="e1")
    assert [5, 2] == found(exam_id="e2")
    assert [3, 1] == found(kinds=("cancel", "refund"))
    assert [2] == found(kinds=("move",))
    assert [] == found(kinds=("unheard of",))
    assert [1] == found(words="snow")
    assert [1] == found(words="100%")
    assert [] == found(words="1_0")
    assert [5, 4, 2, 1] == found(acts_only=True)
    assert [1] == found(acts_only=True, kinds=("cancel",))
    assert {"a": 2, "b": 1} == journal.audit_sizes(["a", "b", "none"])
    assert {} == journal.audit_sizes([])


def test_an_operation_s_mark_changes_with_each_entry_and_event_of_it(journal: Journal) -> None:
    for id_ in ("a", "b"):
        journal.confirm(operation(id_), [])
    marks = [journal.marks_of(["a", "b", "none"])]

    journal.record(looked(1, operation_id="a"))
    marks.append(journal.marks_of(["a", "b"]))
    journal.record(Event(at=after(1), actor=ADMIN, what="seen", operation_id="a"))
    marks.append(journal.marks_of(["a", "b"]))

    assert all({"a", "b"} == each.keys() for each in marks)
    assert 3 == len({each["a"] for each in marks})
    assert 1 == len({each["b"] for each in marks})
    assert {} == journal.marks_of([])


def test_a_store_that_tells_commits_tells_each_and_nothing_else(journal: Journal) -> None:
    before = [journal.commits(), journal.commits()]
    journal.record(looked(1))
    after_one = journal.commits()
    journal.audit_count(Sought())

    assert after_one == journal.commits()
    assert before[0] == before[1]
    assert (before[0] is None) == (after_one is None)
    assert after_one is None or after_one != before[0]


def test_forgotten_words_find_nothing(journal: Journal) -> None:
    journal.confirm(operation("a", reason="Heavy snow"), [])
    journal.forget_reasons(before=after(9), by=ADMIN, at=after(10))

    assert [] == journal.audit(Sought(words="snow"))


def test_who_records_at_once_leaves_no_gap(journal: Journal) -> None:
    together = threading.Barrier(2)
    runs = [running(journal, f"op{n}") for n in range(2)]

    def act(n: int) -> None:
        together.wait()
        for turn in range(15):
            write_id = f"w{n}-{turn}"
            booking = f"b{n}-{turn}"
            moved = write(write_id, booking, operation_id=f"op{n}", target=f"c{n}")
            saved(journal, runs[n], [moved])
            # the same record falls due from both, so both take the outbox's lock and then the head
            journal.settle(runs[n], [outcome(write_id)], due=[due("c")], at=NOW)
            journal.record(looked(turn, once=f"look {turn}"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, range(2)))

    links = journal.audit_links(0, 1000)
    assert list(range(1, 2 + 30 + 15 + 1)) == [link.n for link in links]
    assert [] == faults(journal)


def test_two_processes_record_in_one_chain(url: str) -> None:
    journals = [SqlJournal(url) for _ in range(2)]
    together = threading.Barrier(2)

    def act(journal: SqlJournal) -> None:
        together.wait()
        for n in range(20):
            journal.record(looked(n), looked(n, once=f"look {n}"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, journals))

    assert 60 == journals[0].audit_count(Sought())
    assert [] == faults(journals[1])
    for journal in journals:
        journal.close()


# append-only

CHANGES = {
    "update": "UPDATE {audit} SET actor = 'mallory'",
    "delete": "DELETE FROM {audit} WHERE n = 2",
    "move the head back": "UPDATE {head} SET n = 1",
    "delete the head": "DELETE FROM {head}",
    "a second head": "INSERT INTO {head} VALUES (2, 9, 'x')",
}
ONLY_SQLITE = {
    "replace": "INSERT OR REPLACE INTO {audit} SELECT n, at, 'mallory', role, what, operation_id,"
    " subject, subject_id, reason, before, after, detail, once, hash FROM {audit}",
}
ONLY_POSTGRES = {"truncate": "TRUNCATE {audit}", "truncate the head": "TRUNCATE {head}"}


@pytest.fixture
def three(url: str) -> Iterator[SqlJournal]:
    """Three entries, and a name for each table."""
    journal = SqlJournal(url)
    journal.record(*(looked(n) for n in range(1, 4)))
    yield journal
    journal.close()


def run(journal: SqlJournal, statement: str, *, by_force: bool = False) -> None:
    schema = "" if journal._db.on_sqlite else f"{SCHEMA}."
    names = {"audit": f"{schema}audit", "head": f"{schema}audit_head"}
    names["reasons"] = f"{schema}audit_reasons"

    def work(connection: object) -> None:
        if by_force:
            past_the_triggers(connection)  # type: ignore[arg-type]  # SQLAlchemy's
        connection.execute(text(statement.format(**names)))  # type: ignore[attr-defined]

    journal._db.write(work)


def test_the_database_refuses_to_change_what_was_recorded(three: SqlJournal) -> None:
    changes = CHANGES | (ONLY_SQLITE if three._db.on_sqlite else ONLY_POSTGRES)

    for change in changes.values():
        with pytest.raises(JournalError, match="only appended to"):
            run(three, change)

    assert [looked(1), looked(2), looked(3)] == entries(three)
    assert [] == faults(three)


def test_a_user_who_is_no_superuser_has_not_even_the_right(postgres_url: str) -> None:
    """The owner of the tables, who makes them, as a hosted PostgreSQL has it."""
    owned = fresh_database(postgres_url, "owned")
    root = Database(owned)
    root.write(lambda c: c.execute(text("DROP ROLE IF EXISTS desk")))
    root.write(lambda c: c.execute(text("CREATE ROLE desk LOGIN PASSWORD 'desk'")))
    root.write(lambda c: c.execute(text("GRANT CREATE ON DATABASE owned TO desk")))
    desk = Database(str(root.url.set(username="desk", password="desk").render_as_string(False)))
    upgrade(desk)
    journal = SqlJournal(desk.url.render_as_string(hide_password=False))
    journal.record(looked(1))

    for statement in ("UPDATE {t} SET actor = 'm'", "DELETE FROM {t}", "TRUNCATE {t}"):
        denied = text(statement.format(t=f"{SCHEMA}.audit"))
        with pytest.raises(JournalError, match="permission denied"):
            desk.write(lambda c, denied=denied: c.execute(denied))  # type: ignore[misc]

    assert [looked(1)] == entries(journal)
    journal.close()
    desk.close()
    root.write(lambda c: c.execute(text("DROP OWNED BY desk")))
    root.write(lambda c: c.execute(text("DROP ROLE desk")))
    root.close()


# what somebody changes by force is found

SWAP = "UPDATE {audit} SET n = CASE n WHEN 1 THEN -2 ELSE -1 END WHERE n < 3"
AGAIN = (
    "INSERT INTO {audit} SELECT 4, at, actor, role, what, operation_id, subject, subject_id,"
    " reason, before, after, detail, once, hash FROM {audit} WHERE n = 3"
)
BACK = "UPDATE {audit} SET n = -n WHERE n < 0"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE {audit} SET actor = 'mallory' WHERE n = 2"], ["entry 2 is not what was"]),
        (["UPDATE {audit} SET detail = 'no json' WHERE n = 2"], ["entry 2 is not what was"]),
        (["UPDATE {audit} SET once = '' WHERE n = 1"], ["entry 1 is not what was"]),
        (["UPDATE {audit} SET hash = 'x' WHERE n = 3"], ["entry 3 is", "the noted head is entry"]),
        (["DELETE FROM {audit} WHERE n = 2"], ["entry 2 is missing"]),
        (["DELETE FROM {audit} WHERE n = 1"], ["entry 1 is missing"]),
        (["DELETE FROM {audit} WHERE n > 1"], ["entries 2 to 3 are missing"]),
        ([SWAP, BACK], ["entry 1 is", "entry 2 is", "entry 3 is"]),
        (
            [AGAIN],
            ["entries up to 4 stand after the noted head 3"],
        ),
    ],
)
def test_each_change_by_force_is_found(
    three: SqlJournal, statements: list[str], found: list[str]
) -> None:
    for statement in statements:
        run(three, statement, by_force=True)

    told = faults(three)

    assert len(found) == len(told), told
    assert all(fault.startswith(words) for fault, words in zip(told, found, strict=True)), told


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE {reasons} SET words = 'Ben is ill'", "the reason of entry 4 is not the one"),
        ("UPDATE {reasons} SET salt = ''", "the reason of entry 4 is not the one"),
        ("DELETE FROM {reasons}", "is gone, and no entry tells that it was forgotten"),
    ],
)
def test_reasons_that_somebody_changed_or_took_out_are_found(
    three: SqlJournal, statement: str, found: str
) -> None:
    three.forget_reasons(before=after(3), by=ADMIN, at=after(3))
    three.record(looked(4, reason="Ada is ill"))

    run(three, statement)

    (told,) = faults(three)
    assert found in told


def test_reasons_taken_out_with_older_ones_that_were_forgotten_are_found(
    three: SqlJournal,
) -> None:
    three.record(looked(4, reason="old"))
    three.record(looked(9, reason="new"))
    three.forget_reasons(before=after(5), by=ADMIN, at=after(10))
    assert [] == faults(three)

    run(three, "DELETE FROM {reasons}")

    assert 1 == len(faults(three))


def forged(journal: SqlJournal, n: int) -> Link:
    """Entry ``n`` changed, with a hash that fits what stands before it."""
    before = journal.audit_links(0, n - 1)
    head = before[-1].head if n > 1 else EMPTY
    return chained(head, [texts(looked(n, actor="mallory@example.test"))])[0]


@pytest.mark.parametrize(("n", "told"), [(2, "entry 3 is not what was"), (3, "the noted head is")])
def test_an_entry_forged_with_its_hash_does_not_fit_what_follows(
    three: SqlJournal, n: int, told: str
) -> None:
    link = forged(three, n)

    set_to = f"SET actor = 'mallory@example.test', hash = '{link.hash}'"
    run(three, f"UPDATE {{audit}} {set_to} WHERE n = {n}", by_force=True)

    assert [True] == [fault.startswith(told) for fault in faults(three)]


def test_a_tail_cut_off_with_the_noted_head_is_seen_by_a_head_kept_elsewhere(
    three: SqlJournal,
) -> None:
    kept: Head = three.audit_head()[0]
    second = three.audit_links(1, 1)[0]
    run(three, "DELETE FROM {audit} WHERE n = 3", by_force=True)
    back = f"UPDATE {{head}} SET n = 2, hash = '{second.hash}'"  # noqa: S608 - a test's own
    run(three, back, by_force=True)

    assert [] == faults(three), "the chain alone cannot tell"
    assert kept.hash not in {link.hash for link in three.audit_links(0, 10)}


def test_kinds_of_record_are_told_apart(journal: Journal) -> None:
    run_ = running(journal)
    saved(journal, run_, [write("w1", "b0", target="7", kind=Kind.EXAM)])
    journal.settle(run_, [outcome("w1")], due=[], at=NOW)

    assert [] == journal.audit(Sought(contact_id="7"))


def of_booking(what: What, booking: str, operation_id: str = "op") -> Entry:
    return Entry(
        at=NOW,
        actor=ADMIN,
        what=what,
        operation_id=operation_id,
        subject=Subject.BOOKING,
        subject_id=booking,
    )


def found(journal: Journal, **sought: str) -> list[tuple[str, str]]:
    """Oldest first; counted as they are found."""
    links = journal.audit(Sought(**sought))  # type: ignore[arg-type]  # a case's own values
    assert len(links) == journal.audit_count(Sought(**sought))  # type: ignore[arg-type]
    return [(link.entry.what, link.entry.subject_id) for link in reversed(links)]


def test_a_booking_s_entries_are_saved_with_what_they_tell_of(journal: Journal) -> None:
    run_ = running(journal)
    done = item(0, state=ItemState.CANCELLED, cancelled=True)
    journal.settle(run_, [], items=[done], at=NOW, entries=[of_booking(What.CANCELLED, "b0")])
    late = replace(run_, epoch=0)
    with pytest.raises(Superseded):
        journal.settle(late, [], items=[done], at=NOW, entries=[of_booking(What.MARKED, "b0")])

    assert [(What.CONFIRMED, ""), (What.CANCELLED, "b0")] == found(journal)


def test_a_contact_is_found_with_its_bookings_and_a_booking_with_its_credit(
    journal: Journal,
) -> None:
    """Bookings b0 and b1 are of contact c0, b2 of c1."""
    run_ = running(journal, items=3)
    told = [of_booking(What.CANCELLED, f"b{n}") for n in range(3)]
    journal.settle(run_, [], at=NOW, entries=told)
    saved(journal, run_, [write("w1", "b0"), write("w2", "b2", target="c1")])
    journal.settle(run_, [outcome("w1"), outcome("w2")], at=NOW)
    journal.record(looked(1, subject_id="c0"), of_booking(What.REPAIRED, "b9", operation_id=""))

    assert [
        (What.CANCELLED, "b0"),
        (What.CANCELLED, "b1"),
        (What.WRITTEN, "c0"),
        (What.LOOKED, "c0"),
    ] == found(journal, contact_id="c0")
    assert [(What.CANCELLED, "b0"), (What.WRITTEN, "c0")] == found(journal, booking_id="b0")
    assert [(What.CANCELLED, "b2"), (What.WRITTEN, "c1")] == found(journal, booking_id="b2")
    assert [(What.REPAIRED, "b9")] == found(journal, booking_id="b9")
    assert [] == found(journal, booking_id="c0")


def test_a_booking_without_an_entry_of_its_own_is_found_by_its_movement(journal: Journal) -> None:
    run_ = running(journal)
    saved(journal, run_, [write("w1", "b0")])
    journal.settle(run_, [outcome("w1")], at=NOW)

    assert [(What.WRITTEN, "c0")] == found(journal, booking_id="b0")
    assert [] == found(journal, booking_id="b1"), "of the same contact, and not moved"


def test_a_booking_that_was_made_is_found_by_its_id_and_its_contact(journal: Journal) -> None:
    """Its item bears a key, for it had no id yet."""
    to_be = item(0, operation_id="op", booking_id=BookingId("Mini-mock-7-May 4, 2026/op"))
    journal.confirm(operation(kind=OperationKind.BOOK), [to_be])
    run_ = journal.begin_run("op", at=NOW)[0]
    spend = write("w1", to_be.booking_id, movement=MovementKind.SPEND)
    saved(journal, run_, [spend])
    journal.settle(run_, [outcome("w1")], at=NOW)
    journal.settle(run_, [], at=NOW, entries=[of_booking(What.BOOKED, "771")])

    told = [(What.CONFIRMED, "c0"), (What.WRITTEN, "c0"), (What.BOOKED, "771")]

    assert told == found(journal, contact_id="c0")
    assert told == found(journal, booking_id="771")
    assert [] == found(journal, contact_id="c1")


def test_a_repair_s_entries_are_saved_with_it(journal: Journal) -> None:
    asked = Repair(id="r1", asked_by=ADMIN, asked_at=NOW, digest="d")
    journal.ask_repair(asked, [RepairRow(drift=drift("c7"), n=0)])
    first = journal.take_repair("r1")
    journal.save_repair(first, (), [looked(1)])
    journal.take_repair("r1")
    with pytest.raises(Superseded):
        journal.save_repair(first, (), [looked(2)])

    assert [What.REPAIR, What.LOOKED] == [entry.what for entry in entries(journal)]


def test_who_forgot_students_is_saved_with_the_forgetting(journal: Journal) -> None:
    journal.save_plan(plan_of(3))
    assert 3 == journal.forget_students("op", by="the schedule", at=after(1))
    assert 0 == journal.forget_students("op", by="the schedule", at=after(2))

    _, forgot = entries(journal)

    assert (What.FORGOT_STUDENTS, "the schedule", "op") == (
        forgot.what,
        forgot.actor,
        forgot.operation_id,
    )
    assert {"rows": 3} == forgot.detail
