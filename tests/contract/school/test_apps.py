"""The school's own apps and cron go on writing beside the desk."""

from __future__ import annotations

import pytest

from core.credits.catalogue import CreditType
from core.credits.records import ContactId, Kind
from core.drift.differences import Drift
from core.drift.sweeps import SweepMode
from core.operations.verdicts import OperationKind
from sandbox.school.apps import AdminApp, Cron, Ledger, Stores, StudentApp
from tests.contract.school.world import TOKEN, School, due


@pytest.fixture
def stores(school: School) -> Stores:
    """With the token that the desk has, too."""
    return Stores(
        hubspot_url=school.url,
        hubspot_token=TOKEN,
        supabase_url=school.stack.settings.url,
        supabase_key=school.stack.settings.secret_key,
        tables=school.tables,
    )


def open_exam(school: School) -> tuple[str, CreditType]:
    """One to come of a type with a credit of its own."""
    for row in school.held("hubspot_mock_exams"):
        credit = {"Clinical Skills": "cs_credits", "Mini-mock": "sjmini_credits"}.get(
            row["mock_type"]
        )
        if row["is_active"] == "true" and credit:
            return str(row["hubspot_id"]), CreditType(credit)
    raise AssertionError("the school has no such exam")


def free_student(school: School, exam: str, credit: CreditType) -> str:
    """With a credit, and no booking in that exam."""
    taken = {
        row[school.tables.contact]
        for row in school.held("hubspot_bookings")
        if row[school.tables.exam] == exam
    }
    return next(
        str(row["hubspot_id"])
        for row in school.held("hubspot_contact_credits")
        if row["hubspot_id"] not in taken and row[credit]
    )


def balance(school: School, contact: str, credit: CreditType) -> int:
    found = school.client.contacts([ContactId(contact)])[ContactId(contact)]
    assert found is not None
    return found.balances[credit]


def of_contacts(drifts: list[Drift]) -> list[Drift]:
    return [drift for drift in drifts if drift.kind is Kind.CONTACT]


def test_the_desk_agrees_with_what_the_old_apps_write(school: School, stores: Stores) -> None:
    """A booking, a cancellation without a mark, a batch with the switch off: no drift, no doubt."""
    ledger = Ledger()
    student, admin = StudentApp(stores, ledger), AdminApp(stores, ledger)
    exam, credit = open_exam(school)
    contact = free_student(school, exam, credit)
    admin.set_balance(contact, credit, 3)
    before = balance(school, contact, credit)

    booked = student.book(contact, exam)
    taken = balance(school, contact, credit)
    student.cancel(booked)
    _, drifts = school.swept(SweepMode.KNOWN)

    assert (before, taken, balance(school, contact, credit)) == (3, 2, 3)
    assert sum(e.delta for e in ledger.entries[1:]) == 0
    mine = [drift for drift in drifts if drift.record_id in {booked, contact}]
    assert mine == []
    held = school.booking(booked)
    assert (held["is_active"], held.get("token_refunded")) == ("Cancelled", None)


def test_a_cancellation_by_the_desk_adds_up_with_the_apps_ledger(
    school: School, stores: Stores
) -> None:
    ledger = Ledger()
    student = StudentApp(stores, ledger)
    exam, credit = open_exam(school)
    contact = free_student(school, exam, credit)
    before = balance(school, contact, credit)

    booked = student.book(contact, exam)
    school.done(OperationKind.CANCEL, [booked])

    desk = 1
    assert balance(school, contact, credit) == before + ledger.of(contact, credit) + desk
    assert school.booking(booked)["token_refunded"] == "true"


def test_an_old_copy_of_the_cron_is_found_and_mended_from_hubspot(
    school: School, stores: Stores
) -> None:
    ledger, cron = Ledger(), Cron(stores)
    admin = AdminApp(stores, ledger)
    contact = school.held("hubspot_contact_credits")[11]["hubspot_id"]
    credit = CreditType("cs_credits")
    admin.set_balance(contact, credit, 1)
    cron.begin([contact])
    admin.set_balance(contact, credit, 4)
    school.core.mirror_copier.put([due(contact)])
    school.copy_all()

    cron.finish()
    shown = school.mirror.rows(Kind.CONTACT, [contact])[contact][credit]
    _, drifts = school.swept(SweepMode.KNOWN)

    assert shown == 1, "students see the balance of before"
    assert [drift.record_id for drift in of_contacts(drifts)] == [contact]
    school.core.mirror_copier.put([due(contact)])
    school.copy_all()
    assert school.mirror.rows(Kind.CONTACT, [contact])[contact][credit] == 4
