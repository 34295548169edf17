"""Keys of API clients: made, shown once, withdrawn; and what a client may at the services."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.api_key_rules import ApiKey, Scope, client_in, digest, id_of, key_in
from core.access.api_keys import USED_WITHIN, NotAdmitted
from core.credits.errors import BadList, UnknownId
from core.credits.records import ContactId, ExamId
from core.credits.roles import Act, Actor, NotAllowed, Role
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByReference
from core.operations.verdicts import OperationKind
from tests.unit.services.desk import ADMIN, TestDesk

EVERY = list(Scope)


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def made(desk: TestDesk, *scopes: Scope, client: str = "student-app") -> tuple[ApiKey, str]:
    return desk.core.api_keys.make(client, scopes or EVERY, ADMIN)


def test_a_key_is_told_once_and_only_its_digest_is_kept(desk: TestDesk) -> None:
    key, text = made(desk)

    (kept,) = desk.core.api_keys.keys(ADMIN)
    assert (key, digest(text), id_of(text)) == (kept, kept.digest, kept.id)
    secret = text.rpartition("_")[2]
    assert secret not in repr(kept)
    assert kept.digest not in repr(kept)
    assert secret not in repr(desk.journal.recorded())


def test_no_two_keys_are_alike(desk: TestDesk) -> None:
    assert 5 == len({made(desk)[1] for _ in range(5)})


def test_whoever_shows_the_key_is_admitted_and_nobody_else(desk: TestDesk) -> None:
    key, text = made(desk)
    admit = desk.core.api_keys.admit

    assert key.id == admit(text).id
    for wrong in (
        "",
        "desk_",
        text[:-1],
        text + "x",
        text.swapcase(),
        text.replace(key.id, "0" * 12),
    ):
        with pytest.raises(NotAdmitted):
            admit(wrong)


def test_the_last_use_is_kept_to_within_minutes(desk: TestDesk) -> None:
    key, text = made(desk)

    def used_after(length: timedelta) -> object:
        desk.time += length
        desk.core.api_keys.admit(text)
        found = desk.journal.api_key(key.id)
        return found and found.used_at

    first = used_after(timedelta())
    assert first == used_after(USED_WITHIN - timedelta(seconds=1))
    assert desk.time + timedelta(seconds=1) == used_after(timedelta(seconds=1))


def test_everything_that_is_wrong_with_a_key_to_be_is_told_at_once(desk: TestDesk) -> None:
    with pytest.raises(BadList) as refused:
        desk.core.api_keys.make("Student App", [], ADMIN, expires_at=desk.time)

    assert 3 == len(refused.value.faults)
    assert [] == desk.core.api_keys.keys(ADMIN)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a/b", "a" * 41, "ä"])
def test_a_name_that_would_be_misread_in_an_address_is_refused(desk: TestDesk, name: str) -> None:
    with pytest.raises(BadList, match="no name for an app"):
        made(desk, client=name)


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_only_admins_make_withdraw_and_see_keys(desk: TestDesk, role: Role) -> None:
    other = Actor(email="x@example.test", role=role)
    api_keys = desk.core.api_keys
    key, _ = made(desk)
    for attempt in (
        lambda: api_keys.make("b", EVERY, other),
        lambda: api_keys.withdraw(key.id, other),
        lambda: api_keys.keys(other),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_withdrawing_what_is_not_there_says_so(desk: TestDesk) -> None:
    with pytest.raises(UnknownId, match="no API key"):
        desk.core.api_keys.withdraw("000000000000", ADMIN)


def test_a_client_is_known_by_its_address_with_what_its_key_lets_it_do(desk: TestDesk) -> None:
    key, _ = made(desk, Scope.READ)

    actor = desk.core.access.actor(key.address)

    assert (key.actor, "student-app", key.id) == (
        actor, client_in(actor.email), key_in(actor.email),
    )  # fmt: skip
    may = desk.core.access.may
    assert (True, False) == (may(key.address, Act.LOOK_UP), may(key.address, Act.BOOK_ONE))


def test_no_scope_lets_a_client_do_more_than_staff(desk: TestDesk) -> None:
    key, _ = made(desk, *EVERY)

    may = [act for act in Act if desk.core.access.may(key.address, act)]

    assert [Act.LOOK_UP, Act.BOOK_ONE] == may


@pytest.mark.parametrize(
    "address",
    ["api:", "api:student-app", "api:student-app/000000000000", "api:other/{id}", "api:x/{id}/"],
)
def test_an_address_that_is_no_key_is_nobody(desk: TestDesk, address: str) -> None:
    key, _ = made(desk)

    with pytest.raises(NotAllowed):
        desk.core.access.actor(address.format(id=key.id))


def test_a_withdrawn_key_is_nobody_though_its_client_has_another(desk: TestDesk) -> None:
    key, _ = made(desk)
    made(desk)
    desk.core.api_keys.withdraw(key.id, ADMIN)

    with pytest.raises(NotAllowed, match="withdrawn"):
        desk.core.access.actor(key.address)


def test_a_key_that_is_over_is_nobody(desk: TestDesk) -> None:
    ends = desk.time + timedelta(days=1)
    key, _ = desk.core.api_keys.make("b", EVERY, ADMIN, expires_at=ends)
    assert desk.core.access.may(key.address, Act.BOOK_ONE)

    desk.time = ends

    assert not desk.core.access.may(key.address, Act.BOOK_ONE)


def test_a_client_can_neither_override_nor_run_batches(desk: TestDesk) -> None:
    key, _ = made(desk)
    wish = Wish(contact_id=ContactId("101"), exam_id=ExamId("70"), override=True)

    with pytest.raises(NotAllowed, match="does not let it book without a credit"):
        desk.core.booking_preview.preview(wish, key.actor)
    with pytest.raises(NotAllowed):
        desk.core.operation_planner.preview(
            OperationKind.REFUND, ByReference(references=("500",)), key.actor
        )


def test_the_services_ask_for_the_scope_themselves(desk: TestDesk) -> None:
    key, _ = made(desk, Scope.READ)
    wish = Wish(contact_id=ContactId("101"), exam_id=ExamId("70"))
    request = desk.core.idempotent_requests.begin(key, "one", "f")

    with pytest.raises(NotAllowed, match="scope book"):
        desk.core.idempotent_requests.book(request, wish, key, "why")
    with pytest.raises(NotAllowed, match="scope cancel"):
        desk.core.idempotent_requests.cancel(request, ContactId("101"), [], key, "why")
    only_reads = replace(key, scopes=frozenset({Scope.CANCEL}))
    with pytest.raises(NotAllowed, match="does not let it look"):
        desk.core.eligibility.contact(ContactId("101"), only_reads.actor)
