"""What is known of the telling of each student, by every store."""

from __future__ import annotations

from typing import Any

import pytest

from core.app.journal import Journal
from core.audit.entries import Entry, Sought, What
from core.audit.store.event_port import Event
from core.credits.errors import StateConflict, UnknownId
from core.hubspot.ports.channels import Channel
from core.operations.states import FollowUps, OperationState
from core.operations.telling.rules import TellingState
from tests.contract.journal.given import ADMIN, NOW, after, operation, plan_of, running, telling

#: Nothing of it is left to be carried.
OVER: dict[str, Any] = {"items": 0, "state": OperationState.RUNNING}


def entries(journal: Journal) -> list[Entry]:
    return [link.entry for link in journal.audit(Sought(), limit=50)]


HELD, WAITING, SENDING, TOLD, FAILED, UNCLEAR = TellingState


def test_the_last_word_on_each_student_stands(journal: Journal) -> None:
    run = running(journal)
    other = running(journal, "other", 1)
    journal.record_tellings(run, [telling("c2"), telling("c1")])
    journal.record_tellings(
        run,
        [telling("c1", state=FAILED, sent_at=None, detail="no e-mail", status_id="s1", failures=2)],
    )
    journal.record_tellings(run, [])
    journal.record_tellings(other, [telling("c1", operation_id="other", state=TOLD)])

    told = [
        telling("c1", state=FAILED, sent_at=None, detail="no e-mail", status_id="s1", failures=2),
        telling("c2"),
    ]
    assert told == journal.tellings("op")
    assert told[1:] == journal.tellings("op", states={SENDING, TOLD})
    assert {FAILED: 1, SENDING: 1} == journal.telling_counts("op")
    assert [] == journal.tellings("nothing")
    assert {} == journal.telling_counts("nothing")


def test_those_who_were_not_told_wait_anew_on_a_persons_word(journal: Journal) -> None:
    run = running(journal, **OVER)
    states = {"c1": HELD, "c2": FAILED, "c3": UNCLEAR, "c4": TOLD, "c5": SENDING}
    journal.record_tellings(run, [telling(id_, state=state) for id_, state in states.items()])
    journal.end(run, at=after(1), actor=ADMIN, left="telling")

    assert 3 == journal.tell_again("op", at=after(2), actor=ADMIN)
    assert 0 == journal.tell_again("op", at=after(3), actor=ADMIN)

    assert {"c1": WAITING, "c2": WAITING, "c3": WAITING, "c4": TOLD, "c5": SENDING} == {
        one.contact_id: one.state for one in journal.tellings("op")
    }
    assert {NOW} == {one.sent_at for one in journal.tellings("op")}
    asked = [entry for entry in entries(journal) if entry.what == What.TELL]
    assert [(ADMIN, {"by": "off", "again": 3})] == [(e.actor, e.detail) for e in asked]
    assert FollowUps.DUE is journal.operation("op").follow_ups


def test_an_operation_that_goes_on_tells_by_itself(journal: Journal) -> None:
    run = running(journal, **OVER)
    journal.record_tellings(run, [telling("c1", state=FAILED)])

    with pytest.raises(StateConflict, match="op is running: only of an ended one"):
        journal.tell_again("op", at=after(2), actor=ADMIN)
    with pytest.raises(UnknownId):
        journal.tell_again("nothing", at=after(2), actor=ADMIN)
    assert [FAILED] == [one.state for one in journal.tellings("op")]


def test_the_two_reasons_are_kept_apart_and_forgotten_together(journal: Journal) -> None:
    tells = operation(tell=Channel.SINGLE_SEND, reason_for_students="the examiner cannot come")
    journal.save_plan(plan_of(1))
    journal.confirm(tells, [])
    journal.record(
        Event(at=NOW, actor=ADMIN, what="confirmed", operation_id="op", detail={
            "bookings": 1, "reason": tells.reason, "reason_for_students": tells.reason_for_students,
        })
    )  # fmt: skip
    assert tells == journal.operation("op")
    found = {e.what: e.reason for e in entries(journal)}
    assert ("the examiner is ill", "the examiner cannot come") == (
        found[What.CONFIRMED],
        found[What.TELL],
    )
    journal.move("op", OperationState.RUNNING, at=NOW, actor="")
    run, _ = journal.begin_run("op", at=NOW)
    journal.record_tellings(run, [telling("c1", state=FAILED, detail="ada@example.test bounced")])
    journal.move("op", OperationState.DONE, at=NOW, actor="")

    journal.forget_students("op", by=ADMIN, at=after(9))

    kept = journal.operation("op")
    assert ("", "", Channel.SINGLE_SEND) == (kept.reason, kept.reason_for_students, kept.tell)
    assert [telling("c1", state=FAILED, detail="")] == journal.tellings("op")
    assert {"bookings": 1} in [dict(event.detail) for event in journal.events(operation_id="op")]


def test_what_is_known_of_a_student_who_is_erased_tells_nothing_of_them(journal: Journal) -> None:
    run = running(journal)
    bounced = {"state": FAILED, "detail": "ada@example.test bounced"}
    journal.record_tellings(run, [telling("c1", **bounced), telling("c2", **bounced)])

    journal.erase_student("c1", row_deleted=True, at=after(9))

    assert ["", "ada@example.test bounced"] == [one.detail for one in journal.tellings("op")]
