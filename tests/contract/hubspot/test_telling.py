"""Telling students: the same over HubSpot in memory and over the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from core.credits.records import ContactId, Kind
from core.hubspot.ports.crm import Fate
from core.hubspot.ports.message import Message
from core.hubspot.ports.telling import Mail, Recipient
from sandbox.hubspot.mailing import FIRST_EMAIL
from tests.contract.hubspot.world import SandboxWorld, World, contact_ids, fresh_id, utc_now


def message(contact: str, operation: str = "op1", text: str = "Cancelled.\nSorry: ö") -> Message:
    return Message(
        operation_id=operation,
        contact_id=ContactId(contact),
        act="cancelled",
        exam="Clinical Skills, 4 May 2026",
        exam_date=date(2026, 5, 4),
        credits_back=1,
        reason="the examiner is ill",
        text=text,
    )


def mail(contact: str, email: str, send_id: str = "", email_id: int = FIRST_EMAIL) -> Mail:
    name = send_id or f"credit-desk-{contact}"
    return Mail(message=message(contact), email_id=email_id, to=email, send_id=name)


def student(world: World, **properties: str) -> tuple[str, str]:
    email = f"s{fresh_id()}@example.test"
    return world.contact(email=email, **properties), email


def fates(world: World, *mails: Mail) -> list[tuple[Fate, str]]:
    sent = world.crm.send_told(mails, sent_at=utc_now())
    outcomes = [sent[mail.message.contact_id].outcome for mail in mails]
    return [(outcome.fate, outcome.reason) for outcome in outcomes]


def showing(world: World, messages: Sequence[Message]) -> list[Fate]:
    shown = world.crm.show_told(messages, sent_at=utc_now())
    return [shown[one.contact_id].fate for one in messages]


def test_who_can_be_mailed_is_known_by_the_id_asked_for(world: World) -> None:
    fine, email = student(world)
    out, other = student(world, hs_email_optout="true")
    nobody = world.contact(firstname="Ada")
    gone, _ = student(world)
    world.archive(Kind.CONTACT, gone)

    found = world.crm.recipients(contact_ids(fine, out, nobody, gone))

    assert {
        fine: Recipient(id=ContactId(fine), email=email, opted_out=False),
        out: Recipient(id=ContactId(out), email=other, opted_out=True),
        nobody: Recipient(id=ContactId(nobody), email="", opted_out=False),
        gone: None,
    } == found


def test_a_merged_student_is_known_by_both_ids(world: World) -> None:
    one, _ = student(world)
    two, _ = student(world)
    now = world.merge(Kind.CONTACT, one, two)

    found = world.crm.recipients(contact_ids(one, two))

    assert [now, now] == [held.id for held in found.values() if held]


def test_what_properties_tell_is_found_and_stays_in_their_history(world: World) -> None:
    first, _ = student(world)
    second, _ = student(world)
    assert [Fate.LANDED] * 2 == showing(world, [message(first), message(second)])
    assert [Fate.LANDED] == showing(world, [message(second, "op2")])

    ids = contact_ids(first, second)
    assert set(ids) == world.crm.shown_told(ids, "op1")
    assert {second} == world.crm.shown_told(ids, "op2")
    assert set() == world.crm.shown_told(ids, "op3")


def test_properties_of_one_who_is_gone_hold_up_no_other(world: World) -> None:
    gone, _ = student(world)
    fine, _ = student(world)
    world.archive(Kind.CONTACT, gone)

    assert [Fate.REFUSED, Fate.LANDED] == showing(world, [message(gone), message(fine)])


@pytest.mark.parametrize(("fault", "there"), [("lose_answer", True), ("lose_request", False)])
def test_a_lost_answer_of_properties_is_found_out(world: World, fault: str, there: bool) -> None:
    one, _ = student(world)
    world.fault(fault)

    assert [Fate.UNKNOWN] == showing(world, [message(one)])
    assert ({one} if there else set()) == world.crm.shown_told(contact_ids(one), "op1")


def test_what_is_told_too_late_is_not_sent(world: World) -> None:
    one, email = student(world)
    long_ago = utc_now() - timedelta(seconds=60)

    shown = world.crm.show_told([message(one)], sent_at=long_ago)
    sent = world.crm.send_told([mail(one, email)], sent_at=long_ago)

    assert Fate.NOT_SENT is shown[ContactId(one)].fate
    assert Fate.NOT_SENT is sent[ContactId(one)].outcome.fate
    assert [] == world.mails(email)


def test_one_send_id_is_one_mail(world: World) -> None:
    one, email = student(world)

    assert [(Fate.LANDED, "")] == fates(world, mail(one, email))
    assert [(Fate.LANDED, "")] == fates(world, mail(one, email))

    assert [f"credit-desk-{one}"] == world.mails(email)


@pytest.mark.parametrize(("fault", "sent"), [("lose_answer", 1), ("lose_request", 0)])
def test_after_a_lost_answer_the_same_send_id_mails_once(
    world: World, fault: str, sent: int
) -> None:
    one, email = student(world)
    world.fault(fault)

    ((fate, _),) = fates(world, mail(one, email))
    assert (Fate.UNKNOWN, sent) == (fate, len(world.mails(email)))

    assert [(Fate.LANDED, "")] == fates(world, mail(one, email))
    assert 1 == len(world.mails(email))


def test_what_hubspot_does_not_mail_is_told_with_its_reason(world: World) -> None:
    one, email = student(world)
    two, other = student(world)
    world.mail_result(email, "PREVIOUSLY_BOUNCED")

    assert [
        (Fate.REFUSED, "HubSpot sent no e-mail: previously bounced"),
        (Fate.LANDED, ""),
    ] == fates(world, mail(one, email), mail(two, other))
    assert [] == world.mails(email)


def test_a_mail_that_waits_at_hubspot_is_decided_later(world: World) -> None:
    one, email = student(world)
    world.mails_wait(wait=True)
    sent = world.crm.send_told([mail(one, email)], sent_at=utc_now())[ContactId(one)]
    assert (Fate.LANDED, True) == (sent.outcome.fate, bool(sent.status_id))

    assert sent == world.crm.sent_told([sent.status_id])[sent.status_id]
    world.mails_wait(wait=False)

    done = world.crm.sent_told([sent.status_id])[sent.status_id]
    assert (Fate.LANDED, "") == (done.outcome.fate, done.status_id)
    assert 1 == len(world.mails(email))
    assert {} == world.crm.sent_told([])


@pytest.mark.parametrize(("fault", "barred"), [("not_sent", False), ("barred", True)])
def test_a_mail_that_was_not_taken_says_so(world: World, fault: str, barred: bool) -> None:
    one, email = student(world)
    world.fault(fault, times=9)

    sent = world.crm.send_told([mail(one, email)], sent_at=utc_now())[ContactId(one)]

    assert (Fate.NOT_SENT, barred) == (sent.outcome.fate, bool(sent.outcome.barred))


def test_an_unknown_template_refuses_the_mail(hubspot: SandboxWorld) -> None:
    one, email = student(hubspot)

    ((fate, reason),) = fates(hubspot, mail(one, email, email_id=4))

    assert (Fate.REFUSED, "No email with id 4") == (fate, reason)


def test_a_mail_of_which_hubspot_knows_nothing_is_unknown(hubspot: SandboxWorld) -> None:
    told = hubspot.crm.sent_told(["never/there"])

    assert [Fate.UNKNOWN] == [one.outcome.fate for one in told.values()]


def test_a_token_without_the_scope_is_barred_and_says_which(hubspot: SandboxWorld) -> None:
    one, email = student(hubspot)
    client = hubspot.server.app.own
    hubspot.server.app.apps.add(
        "pat-poor", app_id=7, name="poor", scopes=client.scopes - {"transactional-email"},
        rolling_max=190,
    )  # fmt: skip
    http = hubspot.crm.hub.transport.client
    mine, http.headers["Authorization"] = http.headers["Authorization"], "Bearer pat-poor"
    try:
        sent = hubspot.crm.send_told([mail(one, email)], sent_at=utc_now())[ContactId(one)]
    finally:
        http.headers["Authorization"] = mine

    assert "transactional-email" in sent.outcome.barred


def test_a_template_gets_every_field_and_the_contact_none(hubspot: SandboxWorld) -> None:
    one, email = student(hubspot)
    fates(hubspot, mail(one, email))

    (shown,) = [
        told for told in hubspot.server.app.desk.mailing.show() if told["message"]["to"] == email
    ]
    assert {
        "credit_desk_told_operation": "op1",
        "credit_desk_told_act": "cancelled",
        "credit_desk_told_exam": "Clinical Skills, 4 May 2026",
        "credit_desk_told_exam_date": "2026-05-04",
        "credit_desk_told_credits": "1",
        "credit_desk_told_reason": "the examiner is ill",
        "credit_desk_told_text": "Cancelled.\nSorry: ö",
    } == shown["customProperties"]
    assert set() == hubspot.crm.shown_told(contact_ids(one), "op1")
