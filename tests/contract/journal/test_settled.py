from __future__ import annotations

import pytest

from core.app.journal import Journal
from core.audit.entries import Entry, Sought, What
from core.credits.errors import StateConflict
from core.credits.records import BookingId
from core.operations.owed.settled import Baseline, OwedDecision
from tests.contract.journal.given import ADMIN, NOW, after, plan_of

BASELINE = Baseline(before=after(-3600), by=ADMIN, at=NOW, reason="the old apps settled these")


def decision(id_: str, *, owed: bool = False, reason: str = "a no-show") -> OwedDecision:
    return OwedDecision(booking_id=BookingId(id_), owed=owed, by=ADMIN, at=NOW, reason=reason)


def audited(journal: Journal) -> list[Entry]:
    return [link.entry for link in reversed(journal.audit(Sought()))]


def test_one_baseline_is_in_effect_until_it_is_withdrawn(journal: Journal) -> None:
    assert journal.baseline() is None
    journal.set_baseline(BASELINE)

    with pytest.raises(StateConflict, match="a baseline is in effect"):
        journal.set_baseline(Baseline(before=NOW, by="eve@x.test", at=NOW, reason="another"))
    kept = journal.baseline()
    withdrawn = journal.withdraw_baseline(by=ADMIN, at=after(9), reason="a wrong date")

    assert (BASELINE, BASELINE, None) == (kept, withdrawn, journal.baseline())
    assert journal.withdraw_baseline(by=ADMIN, at=after(10), reason="again") is None


def test_setting_and_withdrawing_a_baseline_stand_in_the_audit(journal: Journal) -> None:
    journal.set_baseline(BASELINE)
    journal.withdraw_baseline(by="eve@x.test", at=after(9), reason="a wrong date")

    told = [(e.what, e.actor, e.reason, dict(e.before), dict(e.after)) for e in audited(journal)]

    at = {"cancelled_before": "2026-05-04T11:00:00.123456+00:00"}
    assert [
        (What.BASELINE_SET, ADMIN, "the old apps settled these", {}, at),
        (What.BASELINE_WITHDRAWN, "eve@x.test", "a wrong date", at, {}),
    ] == told


def test_the_newest_decision_on_a_booking_is_in_effect(journal: Journal) -> None:
    journal.decide_owed([decision("1"), decision("2")])
    journal.decide_owed([decision("2", owed=True, reason="a mistake")])

    found = journal.owed_decisions([BookingId(id_) for id_ in ("1", "2", "3")])

    assert {"1": decision("1"), "2": decision("2", owed=True, reason="a mistake")} == found
    assert {} == journal.owed_decisions([])


def test_withdrawn_decisions_are_named_and_gone(journal: Journal) -> None:
    journal.decide_owed([decision("1"), decision("2")])

    ids = [BookingId("1"), BookingId("3")]
    withdrawn = journal.withdraw_decisions(ids, by=ADMIN, at=after(1), reason="a mistake")

    assert {"1"} == withdrawn
    assert {"2"} == journal.owed_decisions([BookingId("1"), BookingId("2")]).keys()


def test_each_decision_and_its_withdrawal_stand_in_the_audit_of_the_booking(
    journal: Journal,
) -> None:
    journal.decide_owed([decision("1")])
    journal.decide_owed([decision("1", owed=True)])
    journal.withdraw_decisions([BookingId("1")], by=ADMIN, at=after(1), reason="a mistake")

    told = [(e.what, e.subject_id, dict(e.before), dict(e.after)) for e in audited(journal)]

    assert [
        (What.OWED_DECIDED, "1", {}, {"owed": False}),
        (What.OWED_DECIDED, "1", {"owed": False}, {"owed": True}),
        (What.OWED_WITHDRAWN, "1", {"owed": True}, {}),
    ] == told
    assert 3 == len(journal.audit(Sought(booking_id="1")))


def test_an_operation_knows_when_its_plan_was_made(journal: Journal) -> None:
    journal.save_plan(plan_of(plan_id="op"))

    assert (NOW, None) == (journal.planned_at("op"), journal.planned_at("other"))
