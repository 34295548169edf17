from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.people import Access
from core.credits.records import TOTAL_BOOKINGS, BookingId, ExamId, Kind
from core.credits.roles import Actor, Role
from core.credits.writes import WriteState
from core.mirror.store.outbox_port import Due
from core.operations.choosing.select import ByExam, ByReference
from core.operations.leftovers import About, Warned
from core.operations.states import ENDED, FollowUps, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict
from pages.shared import tables, words
from pages.shared.gate import Desk
from pages.shared.operations.progress import copied
from pages.shared.operations.record import detail as record
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, OPERATIONS
from tests.csv_files import csv_bytes
from tests.pages import lookup_scenes, scenes
from tests.pages.acts import choose, figures, frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage, confirmed, mirrored
from tests.pages.test_other_desks import joined_by_a_laptop


@pytest.fixture
def operation_id(made: Stage) -> str:
    return scenes.failing(made)


def test_what_failed_stands_first_with_its_reason(open_page: Open, operation_id: str) -> None:
    at = open_page(BULK_REFUND, operation=operation_id)

    assert "2 bookings need attention" in said(at)
    states = [cell[0] for cell in frame_with(at, "Student", "Why")["State"]]
    assert ["✕ Blocked", "✕ Blocked", "– Skipped"] == states[:3]
    assert "✓ Done" == states[-1]
    assert all(frame_with(at, "Student", "Why")["Why"])


def test_the_figures_are_the_journal_s(open_page: Open, made: Stage, operation_id: str) -> None:
    progress = made.journal.progress(operation_id)

    shown = figures(open_page(BULK_REFUND, operation=operation_id))

    assert f"{sum(progress.net.values())} credits" == shown["Given back"]
    assert f"{progress.states[ItemState.DONE]} bookings" == shown["✓ Done"]
    assert "2 bookings" == shown["✕ Blocked"]


def test_the_table_narrows_to_what_failed(open_page: Open, operation_id: str) -> None:
    at = open_page(BULK_REFUND, operation=operation_id)

    choose(at, f"items_{operation_id}", [ItemState.BLOCKED])

    assert 2 == len(frame_with(at, "Student", "Why"))


def test_retrying_takes_up_only_what_did_not_go_through(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    done = made.journal.progress(operation_id).states[ItemState.DONE]
    at = open_page(BULK_REFUND, operation=operation_id)
    assert "Retry 2 unfinished" == at.button(key="retry").label

    press(at, "retry")

    assert OperationState.RUNNING is made.journal.operation(operation_id).state
    progress = made.journal.progress(operation_id)
    assert (2, done) == (progress.states[ItemState.PENDING], progress.states[ItemState.DONE])
    assert 0 == progress.retryable


def test_days_between_an_operation_and_its_retry_are_not_called_its_time(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    first = said(open_page(BULK_REFUND, operation=operation_id))
    made.clock.pass_(minutes=10 * 24 * 60)
    made.core.operation_commands.retry(operation_id, ACTOR)
    (bar,) = open_page(BULK_REFUND, operation=operation_id).get("progress")
    made.carry(operation_id)
    again = made.journal.operation(operation_id)
    last = said(open_page(BULK_REFUND, operation=operation_id))

    assert "Took less than 1 s and " in first
    assert "78%" == bar.proto.text
    assert f"The last retry took less than 1 s. {again.calls} calls to HubSpot in all." in last


def test_a_retry_is_not_offered_while_another_desk_runs(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    joined_by_a_laptop(made)

    at = open_page(BULK_REFUND, operation=operation_id)

    assert "desk bbbb on laptop" in said(at)
    assert "retry" not in {button.key for button in at.button}
    choose(at, "takeover_why", "the laptop was a trial")
    at = press(at, "takeover_sure")
    assert "retry" in {button.key for button in at.button}


def test_two_retries_are_one(open_page: Open, made: Stage, operation_id: str) -> None:
    first = open_page(BULK_REFUND, operation=operation_id)
    second = open_page(BULK_REFUND, operation=operation_id)
    press(first, "retry")

    press(second, "retry")

    assert not second.exception
    assert 2 == made.journal.progress(operation_id).states[ItemState.PENDING]


def test_the_csv_has_every_booking_with_what_happened(made: Stage, operation_id: str) -> None:
    items = made.journal.items(operation_id)

    told = csv_bytes(tables.item_table(items, OperationKind.REFUND)).decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(told)))

    assert [item.booking_id for item in items] == [row["record_id"] for row in table]
    assert {"blocked", "done", "skipped"} == {row["state"] for row in table}
    done = next(row for row in table if row["state"] == "done")
    assert int(done["balance_before"]) + 1 == int(done["balance_after"])


def test_a_foreign_write_names_who_when_both_values_and_the_correction(
    open_page: Open, made: Stage
) -> None:
    operation_id = scenes.written_over(made)
    (foreign,) = made.journal.foreign_writes(operation_id)
    read = foreign.read

    at = open_page(BULK_REFUND, operation=operation_id)

    assert "1 overwritten change" in said(at)
    row = frame_with(at, "What happened").iloc[0]
    assert "a person in HubSpot (user 7)" == row["Changed by"]
    told = f"Changed {read} to {read - 1} between our read and our write, which set {read + 1}"
    assert told == row["What happened"]
    assert ("-1", "! Correction on offer") == tuple(row[["Correction", "Status"]])


def test_the_correction_on_offer_shows_the_balance_of_now_and_is_taken_once(
    open_page: Open, made: Stage
) -> None:
    refund = scenes.written_over(made)
    (foreign,) = made.journal.foreign_writes(refund)
    made.crm.foreign_write(Kind.CONTACT, foreign.target_id, {foreign.credit: 9})
    at = open_page(BULK_REFUND, operation=refund)
    assert "Correct 1 balance …" == at.button(key="correct").label

    press(at, "correct")
    assert "9 → 8" == frame_with(at, "Balance", "Verdict").iloc[0]["Balance"]
    assert at.button(key="correction_sure").disabled, "a reason comes first"
    (asked,) = (box.key for box in at.text_input if str(box.key).startswith("correction_reason_"))
    plan_id = str(asked).removeprefix("correction_reason_")
    choose(at, f"correction_reason_{plan_id}", "they spent it in HubSpot")
    press(at, "correction_sure")
    made.carry(plan_id)

    assert 8 == made.crm.balance(Kind.CONTACT, foreign.target_id, foreign.credit)
    assert "1 of 1 balance corrected." in said(open_page(OPERATIONS, operation=plan_id))
    assert "Corrected, or being corrected" in said(open_page(BULK_REFUND, operation=refund))


def test_who_changes_their_mind_about_a_correction_changes_nothing(
    open_page: Open, made: Stage
) -> None:
    refund = scenes.written_over(made)
    at = open_page(BULK_REFUND, operation=refund)

    press(at, "correct")
    press(at, "correction_no")

    assert "Correct 1 balance …" == at.button(key="correct").label
    assert 1 == len(made.journal.operations(states=ENDED))


def test_a_manager_reads_who_may_correct(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = scenes.written_over(made)
    manager = Actor(email="manager@example.test", role=Role.MANAGER)
    monkeypatch.setattr(Access, "actor", lambda _self, _email: manager)

    at = open_page(OPERATIONS, operation=refund)

    assert "An admin can correct these balances here." in said(at)
    assert "correct" not in {button.key for button in at.button}


@pytest.fixture
def undecided(made: Stage) -> str:
    return scenes.undecided(made)


@pytest.mark.parametrize(
    ("decision", "ends_in"), [("landed", ItemState.DONE), ("lost", ItemState.FAILED)]
)
def test_a_person_decides_what_hubspot_does_not_tell(
    open_page: Open, made: Stage, undecided: str, decision: str, ends_in: ItemState
) -> None:
    record = next(w for w in made.journal.writes(undecided) if w.state is WriteState.UNDECIDED)
    at = open_page(BULK_REFUND, operation=undecided)
    assert "Was this applied?" in said(at)
    assert "was sent; it is" in said(at)

    choose(at, f"why_{record.write.id}", "I looked at the history in HubSpot")
    press(at, f"{decision}_{record.write.id}")
    made.carry(undecided)

    items = {item.booking_id: item for item in made.journal.items(undecided)}
    assert {ends_in} == {items[BookingId(m.booking_id)].state for m in record.write.movements}


def test_copies_on_the_way_are_looked_at_again_until_supabase_has_them(
    open_page: Open, made: Stage, polls: list[object]
) -> None:
    """A browser draws a fragment again by its own clock; no script here waits for that."""
    mirrored(made)
    made.mirror.die()
    id_ = scenes.fine(made)
    made.core.mirror_copier.drain()
    at = open_page(OPERATIONS, operation=id_)
    due = made.journal.outbox().due
    assert f"{due} copies are on the way to Supabase." in said(at)
    assert [copied.POLL_S] == polls

    made.mirror.come_back()
    copy_all(made)
    polls.clear()
    told = said(at.run())

    assert f"Supabase has every change, as of {words.exact(made.clock())}." in told
    assert "on the way to Supabase" not in told
    assert [] == polls, "asks no more"


def copy_all(made: Stage) -> None:
    """What was held and what backed off has its turn."""
    made.clock.pass_(minutes=10)
    made.worker_beats()
    while made.core.mirror_copier.drain().taken:
        pass


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """How often the fragments about copies that were drawn want to be drawn again."""
    drawn: list[object] = []
    poll = copied._poll

    def watched(desk: Desk, operation: Operation) -> None:
        drawn.append(copied.POLL_S)
        poll(desk, operation)

    monkeypatch.setattr(copied, "_poll", watched)
    return drawn


def test_copies_of_others_that_came_later_are_not_waited_for(open_page: Open, made: Stage) -> None:
    mirrored(made)
    id_ = scenes.fine(made)
    copy_all(made)
    made.mirror.die()
    made.journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=None)], at=made.clock())

    assert "Supabase has every change, as of" in said(open_page(OPERATIONS, operation=id_))


def give_up(made: Stage, *records: tuple[Kind, str]) -> None:
    """Copies of these fail for good."""
    made.core.mirror_copier.drain()
    now = made.clock()
    made.journal.put_due([Due(kind=kind, record_id=id_, row=None) for kind, id_ in records], at=now)
    taken = made.journal.take_due(now=now, until=now, limit=len(records))
    made.journal.copy_failed([replace(due, dead=True, error="no column x") for due in taken])


def test_what_was_given_up_is_not_called_copied(open_page: Open, made: Stage) -> None:
    mirrored(made)
    id_ = scenes.fine(made)
    copy_all(made)
    done = made.journal.items(id_, states=[ItemState.DONE])[0]
    write = next(r.write for r in made.journal.writes(id_) if r.write.kind is Kind.CONTACT)
    give_up(made, (Kind.BOOKING, done.booking_id), (Kind.CONTACT, write.target_id))

    at = open_page(OPERATIONS, operation=id_)

    assert "except 2 copies that failed" in said(at)
    assert "view=Copies+to+Supabase" in [e.proto.query_string for e in at.get("page_link")]


def test_copies_that_failed_of_other_records_are_not_held_against_an_operation(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored(made)
    id_ = scenes.fine(made)
    copy_all(made)
    give_up(made, *((kind, "52000000100") for kind in Kind))

    few = said(open_page(OPERATIONS, operation=id_))
    monkeypatch.setattr(copied, "LOOKED_AT", 2)
    too_many_to_tell = said(open_page(OPERATIONS, operation=id_))

    assert "Supabase has every change, as of" in few
    assert "except 3 copies that failed" in too_many_to_tell


def test_a_booking_that_an_operation_made_may_be_one_whose_copy_failed(made: Stage) -> None:
    """Its record id is in no row of the operation."""
    ended = made.journal.operation(scenes.fine(made))
    made_here = replace(ended, kind=OperationKind.BOOK)
    since = made_here.confirmed_at
    before, after = (
        Due(kind=Kind.BOOKING, record_id=str(n), row=None, due_since=since + timedelta(seconds=n))
        for n in (-1, 1)
    )

    assert [after] == made.core.operation_queries.copies_of(made_here, [before, after], ACTOR)
    assert [] == made.core.operation_queries.copies_of(ended, [before, after], ACTOR)


def test_what_was_done_for_one_student_leads_to_their_balances(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    exam = ByExam(ids=(ExamId("71000000010"),))
    row = made.core.operation_planner.preview(OperationKind.REFUND, exam, ACTOR).will_change[0]
    one = ByReference(references=(str(row.booking_id),))
    plan = made.core.operation_planner.preview(OperationKind.REFUND, one, ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="for one student")
    made.carry(plan.id)

    def leads(id_: str) -> dict[str, str]:
        links = [e.proto for e in open_page(BULK_REFUND, operation=id_).get("page_link")]
        return {p.label: p.query_string for p in links if p.label.startswith("Balances of")}

    assert {f"Balances of {words.plain(row.contact_name)}": f"id={row.contact_id}"} == leads(
        plan.id
    )
    assert {} == leads(operation_id)


def test_a_seat_count_that_was_refused_is_told_with_the_way_to_the_exam(
    open_page: Open, made: Stage
) -> None:
    exam = "71000000010"
    made.crm.foreign_write(Kind.EXAM, exam, {TOTAL_BOOKINGS: 0})
    operation_id = scenes.fine(made)

    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    assert "Follow-ups incomplete: 1" in said(at)
    assert f"Exam {exam} was not counted down: " in said(at)
    assert f"Look at the seats of exam {exam}" in {e.proto.label for e in at.get("page_link")}
    assert not at.success
    listed = frame_with(open_page(OPERATIONS), "Reason")
    assert ["! Follow-ups incomplete"] == list(listed["State"][0])
    told = [record.event_words(e) for e in made.journal.events(operation_id=operation_id)]
    assert any(
        one.startswith(f"Follow-ups incomplete: exam {exam} was not counted down") for one in told
    )


def test_another_balance_that_needs_correcting_is_not_called_a_follow_up(
    open_page: Open, made: Stage
) -> None:
    operation = scenes.fine(made)
    told = "contact 1: another balance needs correcting in HubSpot"
    run, _ = made.journal.begin_run(operation, at=made.clock())
    warned = [Warned(about=About.BALANCE, record=str(n), told=told) for n in range(2)]
    made.journal.warn(run, warned[:1], at=made.clock())

    shown = said(open_page(BATCH_CANCELLATION, operation=operation))
    listed = frame_with(open_page(OPERATIONS), "Reason")
    made.journal.warn(run, warned[1:], at=made.clock())
    more = frame_with(open_page(OPERATIONS), "Reason")

    assert "Needs attention: 1" in shown
    assert "Follow-ups incomplete" not in shown
    assert ["! Needs attention"] == list(listed["State"][0])
    assert ["! 2 need attention"] == list(more["State"][0])


def test_what_needs_attention_of_a_student_leads_to_the_student_by_name(
    open_page: Open, made: Stage
) -> None:
    operation = scenes.fine(made)
    (item, *_) = made.journal.items(operation)
    assert item.contact_id is not None
    told = f"contact {item.contact_id}: another balance needs correcting in HubSpot"
    run, _ = made.journal.begin_run(operation, at=made.clock())
    warned = Warned(about=About.BALANCE, record=item.contact_id, told=told)
    made.journal.warn(run, [warned], at=made.clock())

    links = open_page(BATCH_CANCELLATION, operation=operation).get("page_link")

    label = words.plain(f"Open {item.contact_name} ({item.contact_id})")
    assert f"id={item.contact_id}" == {e.proto.label: e.proto.query_string for e in links}[label]


def test_follow_ups_that_wait_are_told_and_can_be_given_up_and_retried(
    open_page: Open, made: Stage
) -> None:
    operation = confirmed(made, exam="71000000010", kind=OperationKind.CANCEL)
    made.crm.notes_down = True
    made.clock.pass_(minutes=1)
    assert made.core.operation_runner.carry_out(operation) is None

    at = press(open_page(BATCH_CANCELLATION, operation=operation), "give_up_follow_ups")
    given_up = made.journal.operation(operation)
    press(open_page(BATCH_CANCELLATION, operation=operation), "retry_follow_ups")

    assert "Follow-ups incomplete: 1" in said(at)
    assert "follow-ups were given up" in said(at).casefold()
    assert (OperationState.DONE, FollowUps.GIVEN_UP) == (given_up.state, given_up.follow_ups)
    assert FollowUps.DUE is made.journal.operation(operation).follow_ups
    made.crm.notes_down = False
    made.carry(operation)
    assert "Follow-ups incomplete" not in said(open_page(BATCH_CANCELLATION, operation=operation))


def test_an_operation_that_found_nothing_left_to_do_says_whose_it_was(
    open_page: Open, made: Stage
) -> None:
    made.carry(confirmed(made, exam="71000000010", kind=OperationKind.CANCEL))
    first, second = (
        confirmed(made, exam="71000000011", kind=OperationKind.REFUND) for _ in range(2)
    )
    made.carry(first)
    made.carry(second)
    assert {ItemState.SKIPPED} == set(made.journal.progress(second).states)

    at = open_page(BULK_REFUND, operation=second)

    assert "Nothing left to do" in said(at)
    why = words.plain(made.journal.items(second)[0].why).replace("\\", "")
    assert why in said(at)
    assert not at.success


def test_a_booking_is_told_as_a_booking_and_its_credit_as_spent(
    open_page: Open, made: Stage
) -> None:
    operation_id = lookup_scenes.booked(made)

    at = open_page(OPERATIONS, operation=operation_id)

    assert "1 of 1 booking made, 1 credit spent." in said(at)
    assert "1 credit" == figures(at)["Spent"]
    assert ["Booked, credit spent"] == list(frame_with(at, "Student", "Why")["Why"])
    assert [-1] == list(frame_with(at, "Credit type")["Credits"])
    assert ["-1"] == list(frame_with(open_page(OPERATIONS), "Reason")["Credits"])


EXAM = "71000000000"


@pytest.fixture
def blocked(made: Stage) -> str:
    """A cancellation whose preview blocked two bookings, of tokens that nobody knows."""
    plan = made.core.operation_planner.preview(
        OperationKind.CANCEL, ByExam(ids=(ExamId(EXAM),)), ACTOR
    )
    had = sum(row.verdict is Verdict.BLOCKED for row in plan.rows)
    for row in plan.will_change[: 2 - had]:
        made.crm.foreign_write(Kind.BOOKING, row.booking_id, {"token_used": "Gift Token"})
    operation_id = confirmed(made, exam=EXAM, kind=OperationKind.CANCEL)
    made.carry(operation_id)
    assert 2 == made.journal.progress(operation_id).blocked_at_preview
    return operation_id


def test_a_booking_that_belongs_to_nobody_is_named_once(open_page: Open, made: Stage) -> None:
    plan = made.core.operation_planner.preview(
        OperationKind.CANCEL, ByExam(ids=(ExamId(EXAM),)), ACTOR
    )
    row = plan.will_change[0]
    made.crm.unlink(row.booking_id, Kind.CONTACT, str(row.contact_id))
    operation_id = confirmed(made, exam=EXAM, kind=OperationKind.CANCEL)
    made.carry(operation_id)

    told = said(open_page(BATCH_CANCELLATION, operation=operation_id))

    assert f"- {row.booking_name}: " in told
    assert f"{row.booking_name}, {row.booking_name}" not in told


def test_blocked_bookings_of_the_preview_are_told_with_everything_that_was_asked_for(
    open_page: Open, made: Stage, blocked: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=blocked)

    states = made.journal.progress(blocked).states
    assert f"{states[ItemState.DONE]} of {sum(states.values())} bookings cancelled" in said(at)
    assert f"; {states[ItemState.SKIPPED]} skipped, 2 blocked." in said(at)
    assert "2 bookings need attention" in said(at)
    listed = frame_with(open_page(OPERATIONS), "Reason")
    assert ["! 2 need attention"] == list(listed["State"][0])
    assert "retry" not in {button.key for button in at.button}, "nothing that was confirmed failed"


def test_blocked_bookings_are_previewed_again(open_page: Open, made: Stage, blocked: str) -> None:
    at = open_page(BATCH_CANCELLATION, operation=blocked)
    assert "Preview 2 blocked again" == at.button(key="look_again").label

    press(at, "look_again")

    assert not at.exception
    *_, plan = made.journal._plans.values()
    assert blocked != plan.id
    ids = {i.booking_id for i in made.journal.items(blocked, states=[ItemState.BLOCKED])}
    assert ids == {row.booking_id for row in plan.rows}


def test_blocked_bookings_are_dismissed_with_a_reason(
    open_page: Open, made: Stage, blocked: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=blocked)
    assert at.button(key="dismiss").disabled, "a reason comes first"
    choose(at, f"dismiss_reason_{blocked}", "They sit it elsewhere")

    press(at, "dismiss")

    assert 2 == made.journal.progress(blocked).states[ItemState.DISMISSED]
    told = said(open_page(BATCH_CANCELLATION, operation=blocked))
    assert "2 dismissed" in told
    assert "need attention" not in told
    events = [record.event_words(e) for e in made.journal.events(operation_id=blocked)]
    assert "Dismissed. Reason: They sit it elsewhere: 2 bookings" == events[0]


def test_a_manager_cannot_dismiss_or_preview_again(
    open_page: Open, blocked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = Actor(email="manager@example.test", role=Role.MANAGER)
    monkeypatch.setattr(Access, "actor", lambda _self, _email: manager)

    at = open_page(OPERATIONS, operation=blocked)

    assert not {"dismiss", "look_again"} & {button.key for button in at.button}
