from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import Kind
from core.credits.roles import NotAllowed, Role
from core.mirror.outgoing.rules import EventType, OutgoingEvent
from core.mirror.store.outbox_port import Due
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from pages.shared.operations.record import listing
from pages.shared.places import BULK_REFUND, OPERATIONS, OVERVIEW, Place
from tests.fakes.outgoing import FakeReceiver
from tests.pages.acts import choose, frame_with, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, ADMIN, NOON, Stage, confirmed


def test_an_empty_desk_says_what_will_appear_here(open_page: Open) -> None:
    assert "No operations yet" in said(open_page(OPERATIONS))


def links(at: AppTest) -> set[str]:
    return {element.proto.label for element in at.get("page_link")}


def test_a_manager_is_led_to_no_page_that_is_closed_to_them(open_page: Open, made: Stage) -> None:
    assert {"New bulk refund", "New batch cancellation"} <= links(open_page(OPERATIONS))

    with seen_by(made, Role.MANAGER):
        assert not {"New bulk refund", "New batch cancellation"} & links(open_page(OPERATIONS))


@pytest.fixture
def ids(made: Stage) -> list[str]:
    """One finished, one held."""
    done = confirmed(made, kind=OperationKind.REFUND)
    made.carry(done)
    held = confirmed(made, exam="71000000001", kind=OperationKind.CANCEL)
    made.worker_beats()
    return [held, done]


def test_operations_stand_newest_first_with_their_counts(
    open_page: Open, made: Stage, ids: list[str]
) -> None:
    frame = frame_with(open_page(OPERATIONS), "Reason")

    progress = made.journal.progress(ids[1])
    assert ["Starting soon", "Finished"] == [cell[0] for cell in frame["State"]]
    assert f"{progress.planned} of {progress.total}" == frame["Done"][1]
    assert "Exam cancelled by the school" == frame["Reason"][0]


def test_the_list_narrows_to_what_is_under_way(open_page: Open, ids: list[str]) -> None:
    at = choose(open_page(OPERATIONS), "narrow", "In progress")

    assert ["Starting soon"] == [cell[0] for cell in frame_with(at, "Reason")["State"]]


def kinds_in(at: AppTest) -> list[str]:
    """What the rows say, each up to its selection."""
    return [each.partition(" of ")[0] for each in frame_with(at, "Reason")["Operation"]]


@pytest.mark.parametrize(
    ("key", "value", "left"),
    [
        ("by", ADMIN, ["Batch cancellation", "Bulk refund"]),
        ("by", "adm", ["Batch cancellation", "Bulk refund"]),
        ("kind", [OperationKind.REFUND], ["Bulk refund"]),
        ("exam", "71000000001", ["Batch cancellation"]),
        ("words", "SCHOOL", ["Batch cancellation", "Bulk refund"]),
        ("narrow", "Finished", ["Bulk refund"]),
        ("from", NOON.date(), ["Batch cancellation", "Bulk refund"]),
        ("to", NOON.date(), ["Batch cancellation", "Bulk refund"]),
    ],
)
def test_each_filter_leaves_what_fits_it(
    open_page: Open, ids: list[str], key: str, value: object, left: list[str]
) -> None:
    assert left == kinds_in(choose(open_page(OPERATIONS), key, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("by", "nobody"),
        ("kind", [OperationKind.MOVE]),
        ("exam", "1"),
        ("words", "snow"),
        ("narrow", "Withdrawn"),
        ("from", NOON.date() + timedelta(days=1)),
        ("to", NOON.date() - timedelta(days=1)),
    ],
)
def test_what_fits_no_filter_is_not_shown_and_the_way_back_is(
    open_page: Open, ids: list[str], key: str, value: object
) -> None:
    at = choose(open_page(OPERATIONS), key, value)

    assert not at.dataframe
    assert "No operations match the filters." in said(at)
    assert 2 == len(kinds_in(press(at, "unfilter")))


def test_an_address_leads_to_the_operations_it_names(open_page: Open, ids: list[str]) -> None:
    at = open_page(OPERATIONS, kind="Bulk refund", words="school", by=ADMIN)

    assert ["Bulk refund"] == kinds_in(at)
    assert [OperationKind.REFUND] == at.multiselect(key="kind").value


def test_days_the_wrong_way_round_are_said_to_be_so(open_page: Open, ids: list[str]) -> None:
    at = open_page(OPERATIONS, **{"from": "2026-12-02", "to": "2026-12-01"})

    assert "No operations: *From* is later than *To*." in said(at)


def test_who_comes_back_from_one_operation_finds_the_filters_as_they_were(
    open_page: Open, ids: list[str]
) -> None:
    at = choose(open_page(OPERATIONS), "kind", [OperationKind.REFUND])
    at.query_params["operation"] = ids[1]
    at.run()

    next(button for button in at.button if button.label == "All operations").click().run()

    assert ["Bulk refund"] == kinds_in(at)


def test_a_list_asks_the_store_once_for_all_its_rows(
    open_page: Open, made: Stage, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(OPERATIONS)
    asked: list[tuple[str, list[str]]] = []

    def watched(name: str) -> None:
        kept = getattr(type(made.journal), name)

        def asking(journal: object, ids: list[str]) -> object:
            asked.append((name, ids))
            return kept(journal, ids)

        monkeypatch.setattr(type(made.journal), name, asking)

    watched("marks_of")
    watched("progress_of")
    watched("warnings_of")

    assert 2 == len(kinds_in(choose(at, "words", "school")))
    held = ids[:1]  # the other one has ended, and was counted as the page was opened
    assert [("marks_of", ids), ("progress_of", held), ("warnings_of", ids)] == asked


def test_older_operations_are_turned_to(open_page: Open, made: Stage) -> None:
    for n in range(listing.ROWS + 1):
        made.clock.pass_(seconds=1)
        confirmed(made, exam=f"7100000000{n % 6}", kind=OperationKind.REFUND)
    at = open_page(OPERATIONS)
    assert listing.ROWS == len(frame_with(at, "Reason"))

    next(button for button in at.button if button.label == "Older").click().run()

    assert 1 == len(frame_with(at, "Reason"))


def test_one_operation_shows_its_bookings_writes_and_history(
    open_page: Open, made: Stage, ids: list[str]
) -> None:
    done = ids[1]
    at = open_page(OPERATIONS, operation=done)
    assert made.journal.progress(done).total == len(frame_with(at, "Student", "Why"))

    choose(at, f"detail_{done}", "Writes")
    assert "clean" in said(at)
    frames = [frame.value for frame in at.dataframe]
    assert {"✓ Applied"} == {cell[0] for cell in frames[-1]["State"]}

    choose(at, f"detail_{done}", "History")
    assert ["Finished", "Started", "Confirmed. Reason: Exam cancelled by the school"] == list(
        at.dataframe[-1].value["What"]
    )


def test_an_operation_under_way_is_followed_and_called_off_here_too(
    open_page: Open, made: Stage, ids: list[str]
) -> None:
    at = open_page(OPERATIONS, operation=ids[0])

    press(at, "call_off")

    assert OperationState.CALLED_OFF is made.journal.operation(ids[0]).state


def test_an_unknown_operation_is_told(open_page: Open) -> None:
    assert "There is nothing at this address" in said(open_page(OPERATIONS, operation="x"))


def due(made: Stage, *, dead: bool, error: str, id_: str = "52000000001") -> None:
    one = Due(kind=Kind.CONTACT, record_id=id_, row={"hubspot_id": id_})
    made.journal.put_due([one], at=made.clock() - timedelta(minutes=3))
    now = made.clock()
    taken = made.journal.take_due(now=now, until=now, limit=1)
    failed = [replace(row, attempts=8, error=error, dead=dead, next_try_at=now) for row in taken]
    made.journal.copy_failed(failed)


def test_copies_given_up_are_shown_with_their_error_and_tried_again(
    open_page: Open, made: Stage
) -> None:
    due(made, dead=True, error="permission denied for table")
    at = choose(open_page(OPERATIONS), "view", "Copies to Supabase")
    assert ["permission denied for table"] == list(frame_with(at, "Error")["Error"])

    press(at, "revive")

    assert (1, 0) == (made.journal.outbox().due, made.journal.outbox().dead)


def test_events_that_failed_are_shown_with_their_error_and_tried_again(
    open_page: Open, made: Stage
) -> None:
    event = OutgoingEvent(
        id="e1",
        type=EventType.BALANCE_CHANGED,
        at=made.clock.at,
        data={"contact_id": "52000000003"},
        attempts=58,
        error="https://app.example.org answered 503",
        dead=True,
    )
    made.journal._outgoing["e1"] = event, made.clock.at
    made.core.event_announcer.sender = FakeReceiver()
    at = choose(open_page(OPERATIONS), "view", "Copies to Supabase")
    assert ["https://app.example.org answered 503"] == list(frame_with(at, "Event")["Error"])
    assert "Retry 1 event" == at.button(key="revive_events").label

    press(at, "revive_events")

    state = made.journal.outgoing()
    assert (1, 0) == (state.due, state.dead)


def test_a_mirror_that_is_behind_is_told_on_every_page(open_page: Open, made: Stage) -> None:
    due(made, dead=False, error="Supabase cannot be reached")

    for place in (OPERATIONS, BULK_REFUND):
        at = open_page(place)
        assert "1 copy to Supabase pending for 3 min" in said(at)
        assert "Supabase cannot be reached" in said(at)


def test_nothing_due_is_said_too(open_page: Open) -> None:
    assert "Supabase has every change." in said(
        choose(open_page(OPERATIONS), "view", "Copies to Supabase")
    )


def test_workers_are_alive_or_silent(open_page: Open, made: Stage) -> None:
    at = choose(open_page(OPERATIONS), "view", "Workers")
    assert ["✓ Running"] == [cell[0] for cell in at.dataframe[0].value["State"]]

    made.clock.pass_(minutes=1)
    at.run()

    assert ["✕ Silent"] == [cell[0] for cell in at.dataframe[0].value["State"]]
    assert "No worker is running" in said(at)


@pytest.fixture
def given_up(open_page: Open, made: Stage) -> AppTest:
    """Three copies with one error, one with another."""
    for n in range(3):
        due(made, dead=True, error="permission denied", id_=f"5200000000{n}")
    due(made, dead=True, error="no column x", id_="52000000007")
    return choose(open_page(OPERATIONS), "view", "Copies to Supabase")


def test_dead_letters_stand_by_error_and_all_of_them_below(given_up: AppTest) -> None:
    errors = grid(given_up, "errors_")

    assert [3, 1] == list(errors["Copies"])
    assert ["permission denied", "no column x"] == list(errors["Error"])
    assert 4 == len(frame_with(given_up, "Attempts"))
    assert "Retry 4 copies" == given_up.button(key="revive").label


def test_one_error_is_picked_and_only_its_copies_are_tried_again(
    given_up: AppTest, made: Stage
) -> None:
    tick(given_up, "errors_", [1])
    assert ["52000000007"] == list(frame_with(given_up, "Attempts")["Record"])
    assert "Retry this copy" == given_up.button(key="revive").label

    press(given_up, "revive")

    assert (1, 3) == (made.journal.outbox().due, made.journal.outbox().dead)
    assert "retried dead letters" == made.journal.events()[0].what
    assert ADMIN == made.journal.events()[0].actor


def test_one_copy_is_tried_again_without_the_others(given_up: AppTest, made: Stage) -> None:
    """The button in its row does this: AppTest cannot click in a grid."""
    made.core.dead_letter_retry.retry(ACTOR, kind=Kind.CONTACT, record_id="52000000001")

    dead, due_ = [each.value for each in given_up.run().dataframe if "Attempts" in each.value]
    assert ["52000000001"] == list(due_["Record"])
    assert 3 == len(dead)


def test_who_may_only_watch_may_not_try_them_again(made: Stage) -> None:
    due(made, dead=True, error="permission denied")
    watcher = replace(made.core.access.actor(ADMIN), role=Role.MANAGER)

    with pytest.raises(NotAllowed):
        made.core.dead_letter_retry.retry(watcher)
    assert 1 == made.journal.outbox().dead


@pytest.fixture
def strange(made: Stage) -> str:
    """A held operation of a kind that a newer version stored."""
    id_ = confirmed(made, kind=OperationKind.REFUND)
    kept = made.journal._operations[id_]
    kept.operation = replace(kept.operation, kind=cast(OperationKind, "lend"))
    return id_


@pytest.mark.parametrize("place", [OVERVIEW, OPERATIONS, BULK_REFUND], ids=lambda p: p.title)
def test_an_operation_of_an_unknown_kind_is_named_and_shown_as_no_other(
    open_page: Open, strange: str, place: Place
) -> None:
    for params in ({}, {"operation": strange}):
        if place is BULK_REFUND and not params:
            continue  # bookings are chosen there: no operation is shown
        at = open_page(place, **params)

        assert not at.exception
        assert "does not know the kind of operation 'lend'" in plainly(said(at))
        assert "refund begins" not in said(at)


def plainly(text: str) -> str:
    """Without what keeps Markdown from reading it."""
    return text.replace("\\", "")
