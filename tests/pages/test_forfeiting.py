"""Cancelling without refund on the pages: chosen by admins, in the batch and for one student."""

from __future__ import annotations

import tomllib

from core.credits.records import FORFEITED, ExamId, Kind
from core.operations.choosing.select import ByExam, ByReference
from core.operations.states import OperationState
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, CONTACTS
from scripts.processes import ROOT
from tests.pages.acts import choose, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

EXAM = ExamId("71000000001")


def active(stage: Stage) -> tuple[str, str]:
    """A booking that spent a credit, and whose it is."""
    plan = stage.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=(EXAM,)), ACTOR)
    row = next(row for row in plan.will_change if row.credit)
    return row.booking_id, str(row.contact_id)


def test_the_batch_page_offers_to_keep_the_credits(open_page: Open, made: Stage) -> None:
    booking, _ = active(made)
    at = open_page(BATCH_CANCELLATION)
    assert "gives back the credit that each spent" in said(at)
    at.radio(key="cancel_credits").set_value("Keep (forfeit)").run()
    assert "**keeps** the credit that each spent" in said(at)
    choose(at, "cancel_way", "Pasted list")
    at.text_area[0].set_value(booking).run()
    press(at, "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert OperationKind.FORFEIT is plan.kind
    assert "Cancel 1 booking and keep 1 credit" in [button.label for button in at.button]
    assert ["To cancel", "To keep", "Students"] == [one.label for one in at.metric]


def test_an_admin_chooses_it_in_the_students_dialog_and_must_give_a_reason(
    open_page: Open, made: Stage
) -> None:
    booking, contact = active(made)
    plan = made.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=(booking,)), ACTOR
    )
    at = open_page(CONTACTS, id=contact, plan=plan.id)
    at.radio(key=f"doing_credits_{plan.id}").set_value("Keep (forfeit)").run()

    kept = made.journal.plan(at.query_params["plan"])
    assert OperationKind.FORFEIT is kept.kind
    assert "without refund? Kept: 1" in said(at)
    press(at, "doing_confirm")
    assert "reason" in said(at).lower()
    at.text_input(key="doing_reason_forfeit").set_value("no-show").run()
    press(at, "doing_confirm")
    operation = made.journal.operation(kept.id)
    assert ("no-show", OperationState.HELD) == (operation.reason, operation.state)


def test_what_was_kept_is_told_on_the_students_page_and_given_back_on_purpose(
    open_page: Open, made: Stage
) -> None:
    booking, contact = active(made)
    told = "forfeited by ann@x.test on 4 May 2026: no-show"
    values = {"is_active": "Cancelled", FORFEITED: told}
    made.crm.foreign_write(Kind.BOOKING, booking, values)

    at = open_page(CONTACTS, id=contact)
    assert "no-show" in said(at)
    press(at, "give_kept_back")

    (plan,) = [p for p in [made.journal.plan(at.query_params["plan"])] if p]
    assert (OperationKind.REFUND, frozenset({Inclusion.FORFEITED})) == (plan.kind, plan.include)
    shown = open_page(BULK_REFUND, plan=plan.id)
    assert "Includes credits that were kept on purpose" in said(shown)


def test_no_table_can_be_downloaded_past_the_audit() -> None:
    """Streamlit's own button would write formulas as they are, and nobody would know of it."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    assert config["client"]["disableDataExport"]
