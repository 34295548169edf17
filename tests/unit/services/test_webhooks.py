from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core.audit.entries import Sought, What
from core.credits.account import OBJECT_TYPES
from core.credits.errors import JournalError
from core.credits.records import Kind
from core.mirror.store.outbox_port import Due
from core.mirror.webhook_rules import NotGenuine, Unreadable, signature
from core.mirror.webhooks import Delivery, NotSetUp, WebhookReceiver
from tests.unit.services.desk import TestDesk

SECRET, URI = "client-secret", "https://desk.example.test/api/webhooks/hubspot"
CHANGED = {"subscriptionType": "contact.propertyChange", "objectId": 100}


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("100", {"cs_credits": 1})
    return made


@pytest.fixture
def receiving(desk: TestDesk) -> WebhookReceiver:
    return WebhookReceiver(
        mirroring=desk.core.mirror_copier, types=lambda: OBJECT_TYPES, secret=SECRET, now=desk.now
    )


def delivery(desk: TestDesk, *events: object, **changed: Any) -> Delivery:
    body = json.dumps(events).encode()
    timestamp = str(int(desk.time.timestamp() * 1000))
    signed = signature(SECRET, "POST", URI, body, timestamp)
    fields = {"method": "POST", "uri": URI, "body": body, "timestamp": timestamp}
    return Delivery(**{**fields, "signature": signed, **changed})


def row(desk: TestDesk, kind: Kind, id_: str) -> Any:
    return desk.mirror.rows(kind, [id_]).get(id_, {})


def test_an_edit_in_hubspot_is_copied_as_the_truth_states_it(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    receiving.receive(delivery(desk, CHANGED | {"propertyName": "cs_credits", "propertyValue": 9}))
    desk.drain()

    assert 1 == row(desk, Kind.CONTACT, "100")["cs_credits"]


def test_deliveries_twice_and_in_any_order_end_with_the_truth(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    older = delivery(desk, CHANGED)
    for balance in (2, 3):
        desk.time += timedelta(seconds=1)
        desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": balance})
        newer = delivery(desk, CHANGED)
        for each in (newer, older, newer):
            receiving.receive(each)
            desk.drain()

    assert 3 == row(desk, Kind.CONTACT, "100")["cs_credits"]


def test_a_record_already_due_is_due_once(desk: TestDesk, receiving: WebhookReceiver) -> None:
    for _ in range(3):
        receiving.receive(delivery(desk, CHANGED, CHANGED))

    assert 1 == desk.journal.outbox().due


def test_the_desks_own_copy_that_waits_is_not_lost_to_an_echo(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    desk.booked("500", "100")
    desk.run("500")
    receiving.receive(delivery(desk, CHANGED))
    desk.drain()

    assert 2 == row(desk, Kind.CONTACT, "100")["cs_credits"]


def test_a_record_that_is_gone_is_no_copy_that_fails(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    desk.crm.archive(Kind.CONTACT, "100")
    receiving.receive(delivery(desk, {"subscriptionType": "contact.deletion", "objectId": 100}))

    desk.drain()

    assert (0, 0) == (desk.journal.outbox().due, desk.journal.outbox().dead)


def test_after_a_merge_the_new_contact_and_its_bookings_are_copied(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    desk.crm.add_contact("101", {"cs_credits": 5})
    desk.booked("500", "100")
    desk.booked("501", "101")
    desk.core.mirror_copier.put(
        [Due(kind=Kind.BOOKING, record_id=id_, row=None) for id_ in ("500", "501")]
    )
    desk.drain()
    new = desk.crm.merge(Kind.CONTACT, "100", "101")

    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.merge", "mergedObjectIds": [100, 101]})
    )
    desk.drain()

    assert 1 == row(desk, Kind.CONTACT, new)["cs_credits"]
    assert {new} == {row(desk, Kind.BOOKING, b)["contact_hubspot_id"] for b in ("500", "501")}


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "AAAA"},
        {"signature": ""},
        {"body": b"[]"},
        {"uri": "https://else.example.test/api/webhooks/hubspot"},
        {"timestamp": "0"},
        {"timestamp": ""},
    ],
)
def test_a_forgery_changes_nothing(
    desk: TestDesk, receiving: WebhookReceiver, changed: dict[str, Any]
) -> None:
    with pytest.raises(NotGenuine):
        receiving.receive(delivery(desk, CHANGED, **changed))

    assert (0, 1) == (desk.journal.outbox().due, receiving.tally.counts["refused"])


def test_a_delivery_kept_by_a_stranger_is_worth_nothing_after_five_minutes(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    kept = delivery(desk, CHANGED)
    receiving.receive(kept)
    desk.time += timedelta(minutes=5, seconds=1)

    with pytest.raises(NotGenuine):
        receiving.receive(kept)


def test_without_a_secret_nobody_is_believed_not_even_who_signs_with_nothing(
    desk: TestDesk,
) -> None:
    open_door = WebhookReceiver(
        mirroring=desk.core.mirror_copier, types=lambda: OBJECT_TYPES, secret="", now=desk.now
    )
    forged = delivery(desk, CHANGED)
    unsigned = signature("", "POST", URI, forged.body, forged.timestamp)

    with pytest.raises(NotSetUp):
        open_door.receive(delivery(desk, CHANGED, signature=unsigned))


def test_what_cannot_be_stored_is_not_said_to_be(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise JournalError("disk full")

    desk.journal.put_due = full  # type: ignore[method-assign]

    with pytest.raises(JournalError):
        receiving.receive(delivery(desk, CHANGED))
    assert 0 == receiving.tally.counts["deliveries"]


def test_what_is_no_batch_is_unreadable_and_what_is_not_ours_is_counted(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    body = b'{"not": "a list"}'
    timestamp = str(int(desk.time.timestamp() * 1000))
    signed = signature(SECRET, "POST", URI, body, timestamp)
    with pytest.raises(Unreadable):
        receiving.receive(delivery(desk, body=body, signature=signed))

    receiving.receive(delivery(desk, {"subscriptionType": "company.creation", "objectId": 1}))

    assert {"company.creation": 1} == receiving.tally.ignored
    assert 0 == desk.journal.outbox().due


def test_the_secret_is_in_no_words_of_it(receiving: WebhookReceiver) -> None:
    assert SECRET not in repr(receiving)


@pytest.mark.parametrize(
    "told",
    [
        {"subscriptionType": "contact.merge"},
        {"subscriptionType": "object.merge", "objectTypeId": "0-1"},
    ],
    ids=["contact", "object"],
)
@pytest.mark.parametrize("found", ["both rows", "the new row too", "one row"])
def test_after_a_merge_a_student_has_one_row_at_once(
    desk: TestDesk, receiving: WebhookReceiver, told: dict[str, Any], found: str
) -> None:
    """The table allows one row of a student, so the copy of the new record needs the old gone."""
    who = {"student_id": "77", "email": "ada@example.test"}
    desk.crm.add_contact("101", {"cs_credits": 5}, **who)
    desk.crm.add_contact("102", {"cs_credits": 2})
    old = ["102"] if found == "one row" else ["101", "102"]
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in old])
    desk.drain()
    new = desk.crm.merge(Kind.CONTACT, "101", "102")
    if found == "the new row too":  # an edit of the new record was heard of before the merge
        receiving.receive(delivery(desk, CHANGED | {"objectId": int(new)}))
        desk.drain()
    desk.mirror.unique_students = True

    ids = {"primaryObjectId": 101, "mergedObjectIds": [102], "newObjectId": int(new)}
    receiving.receive(delivery(desk, {**told, **ids, "objectId": int(new)}))
    desk.drain()

    rows = desk.mirror.rows(Kind.CONTACT, ["101", "102", new])
    assert {new: (5, "ada@example.test")} == {
        id_: (held["cs_credits"], held["email"]) for id_, held in rows.items()
    }
    assert (0, 0) == (desk.journal.outbox().due, desk.journal.outbox().dead)


def test_after_a_merge_of_bookings_one_row_is_left_at_once(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    for id_ in ("500", "501"):
        desk.booked(id_, "100")
    dues = [Due(kind=Kind.BOOKING, record_id=id_, row=None) for id_ in ("500", "501")]
    desk.core.mirror_copier.put(dues)
    desk.drain()
    kept = desk.crm.merge(Kind.BOOKING, "501", "500")

    event = {"subscriptionType": "object.merge", "objectTypeId": OBJECT_TYPES[Kind.BOOKING]}
    ids = {"primaryObjectId": 501, "mergedObjectIds": [500], "newObjectId": int(kept)}
    receiving.receive(delivery(desk, event | ids))
    desk.drain()

    assert {kept} == desk.mirror.rows(Kind.BOOKING, ["500", "501", kept]).keys()


def test_an_old_row_that_another_table_refers_to_is_a_failed_copy_with_its_reason(
    desk: TestDesk, receiving: WebhookReceiver
) -> None:
    for id_ in ("101", "102"):
        desk.crm.add_contact(id_, {"cs_credits": 2})
        receiving.receive(delivery(desk, CHANGED | {"objectId": int(id_)}))
    desk.drain()
    new = desk.crm.merge(Kind.CONTACT, "101", "102")
    desk.mirror.referring[Kind.CONTACT, "102"] = "enrolments"

    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.merge", "mergedObjectIds": [101, 102]})
    )
    for _ in range(9):
        desk.drain()
        desk.time += timedelta(minutes=2)

    (dead,) = desk.journal.outbox_rows(dead=True)
    assert "102" == dead.record_id
    assert f"102 was merged into {new}" in dead.error
    assert "enrolments" in dead.error
    assert {"102", new} == desk.mirror.rows(Kind.CONTACT, ["101", "102", new]).keys()


@pytest.fixture
def ada(desk: TestDesk) -> str:
    """A student with a row, a copy that waits, and a preview that names her."""
    desk.crm.add_contact("101", {"cs_credits": 5}, email="ada@example.test", firstname="Ada")
    desk.booked("500", "101")
    desk.booked("501", "100")
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id="101", row=None)])
    desk.drain()
    desk.confirm("500", "501")
    return "101"


@pytest.mark.parametrize(
    "told",
    [
        {"subscriptionType": "contact.privacyDeletion"},
        {"subscriptionType": "object.privacyDeletion", "objectTypeId": "0-1"},
    ],
    ids=["contact", "object"],
)
def test_a_student_deleted_for_privacy_leaves_supabase_and_the_journal_at_once(
    desk: TestDesk, receiving: WebhookReceiver, ada: str, told: dict[str, Any]
) -> None:
    waiting = desk.mirror.rows(Kind.CONTACT, [ada])[ada]
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=ada, row=waiting)])
    desk.crm.forget(Kind.CONTACT, ada)

    receiving.receive(delivery(desk, {**told, "objectId": int(ada)}))
    assert "ada@" not in repr(desk.journal.outbox_rows()), "not even until it is made"
    desk.drain()

    (plan,) = desk.journal._plans.values()
    (operation,) = desk.journal.operations()
    assert {} == desk.mirror.rows(Kind.CONTACT, [ada])
    named = repr((plan, operation, desk.journal.items(operation.id), desk.journal.outbox_rows()))
    assert "ada@" not in named
    assert "Ada" not in named
    (link,) = desk.journal.audit(Sought(what=(What.ERASED,)))
    assert ("HubSpot", "contact", ada) == (
        link.entry.actor,
        link.entry.subject,
        link.entry.subject_id,
    )
    assert "ada@" not in repr(link)


def test_a_copy_in_hand_that_comes_after_the_erasure_is_erased_too(
    desk: TestDesk, receiving: WebhookReceiver, ada: str
) -> None:
    held = desk.mirror.rows(Kind.CONTACT, [ada])[ada]
    desk.crm.forget(Kind.CONTACT, ada)
    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.privacyDeletion", "objectId": int(ada)})
    )
    desk.drain()
    desk.mirror.put(Kind.CONTACT, held)

    desk.time += timedelta(minutes=1)
    desk.drain()

    assert {} == desk.mirror.rows(Kind.CONTACT, [ada])
    assert (0, 0) == (desk.journal.outbox().due, desk.journal.outbox().dead)


def test_an_erasure_of_a_student_whom_hubspot_still_has_is_a_copy(
    desk: TestDesk, receiving: WebhookReceiver, ada: str
) -> None:
    desk.crm.foreign_write(Kind.CONTACT, ada, {"cs_credits": 9})

    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.privacyDeletion", "objectId": int(ada)})
    )
    desk.drain()

    assert 9 == row(desk, Kind.CONTACT, ada)["cs_credits"]
    assert [] == list(desk.journal.audit(Sought(what=(What.ERASED,))))


def test_a_row_that_cannot_be_erased_is_a_failed_copy_with_its_reason(
    desk: TestDesk, receiving: WebhookReceiver, ada: str
) -> None:
    desk.mirror.referring[Kind.CONTACT, ada] = "enrolments"
    desk.crm.forget(Kind.CONTACT, ada)
    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.privacyDeletion", "objectId": int(ada)})
    )

    for _ in range(9):
        desk.drain()
        desk.time += timedelta(minutes=2)

    (dead,) = desk.journal.outbox_rows(dead=True)
    assert f"HubSpot deleted {ada} for privacy" in dead.error
    assert "enrolments" in dead.error
    assert "ada@" not in repr(desk.journal.items(desk.journal.operations()[0].id))


def test_an_erasure_waits_for_supabase_and_is_then_made(
    desk: TestDesk, receiving: WebhookReceiver, ada: str
) -> None:
    desk.crm.forget(Kind.CONTACT, ada)
    receiving.receive(
        delivery(desk, {"subscriptionType": "contact.privacyDeletion", "objectId": int(ada)})
    )
    desk.mirror.die()
    desk.drain()
    assert 1 == desk.journal.outbox().due

    desk.mirror.come_back()
    for _ in range(5):
        desk.time += timedelta(minutes=1)
        desk.drain()

    assert {} == desk.mirror.rows(Kind.CONTACT, [ada])
    assert (0, 0) == (desk.journal.outbox().due, desk.journal.outbox().dead)
