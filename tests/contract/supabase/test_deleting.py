"""What every mirror promises of a deletion: never more than was compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.domain.records import Kind
from core.gateways.errors import GatewayError
from core.gateways.ports import Deleted, Mirror, MirrorRow
from tests.contract.supabase.conftest import Setting, row

NewId = Callable[[], str]


def held(mirror: Mirror, kind: Kind, id_: str, minute: int = 1) -> MirrorRow:
    """The row as a comparison reads it."""
    mirror.copy(kind, [row(id_, minute)])
    return mirror.rows(kind, [id_])[id_]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_row_as_it_was_compared_is_deleted(mirror: Mirror, new_id: NewId, kind: Kind) -> None:
    id_, other = new_id(), new_id()
    compared = held(mirror, kind, id_)
    held(mirror, kind, other)

    assert {id_: Deleted.DELETED} == mirror.delete(kind, [compared])
    assert {other} == mirror.rows(kind, [id_, other]).keys()


def test_a_row_copied_anew_since_it_was_compared_stays(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    compared = held(mirror, Kind.CONTACT, id_)
    mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=4)])

    assert {id_: Deleted.CHANGED} == mirror.delete(Kind.CONTACT, [compared])
    assert 4 == mirror.rows(Kind.CONTACT, [id_])[id_]["sj_credits"]


def test_a_row_that_was_deleted_and_made_again_stays(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    compared = held(mirror, Kind.CONTACT, id_)
    mirror.delete(Kind.CONTACT, [compared])
    mirror.copy(Kind.CONTACT, [row(id_, 3)])

    assert {id_: Deleted.CHANGED} == mirror.delete(Kind.CONTACT, [compared])


def test_a_row_that_was_never_synced_can_be_deleted(setting: Setting, new_id: NewId) -> None:
    """As one from before the desk: the times are null, and null is what was compared."""
    id_ = new_id()
    held(setting.mirror, Kind.CONTACT, id_)
    for column in ("synced_at", "source_modified_at"):
        setting.edit(Kind.CONTACT, id_, column, None)
    compared = setting.mirror.rows(Kind.CONTACT, [id_])[id_]

    assert {id_: Deleted.DELETED} == setting.mirror.delete(Kind.CONTACT, [compared])


def test_a_deletion_that_is_repeated_finds_nothing(mirror: Mirror, new_id: NewId) -> None:
    """After an answer that was lost."""
    compared = held(mirror, Kind.CONTACT, new_id())
    mirror.delete(Kind.CONTACT, [compared])

    assert [Deleted.MISSING] == list(mirror.delete(Kind.CONTACT, [compared]).values())


def test_each_row_of_many_has_its_answer(mirror: Mirror, new_id: NewId) -> None:
    ids = [new_id() for _ in range(1100)]
    mirror.copy(Kind.EXAM, [row(id_, 1) for id_ in ids])
    found = mirror.rows(Kind.EXAM, ids)
    changed = ids[::10]
    mirror.copy(Kind.EXAM, [row(id_, 2) for id_ in changed])

    answers = mirror.delete(Kind.EXAM, [found[id_] for id_ in ids])

    assert set(changed) == {id_ for id_, answer in answers.items() if answer is Deleted.CHANGED}
    assert set(changed) == mirror.rows(Kind.EXAM, ids).keys()
    assert {} == mirror.delete(Kind.EXAM, [])


def test_a_dead_mirror_deletes_nothing(setting: Setting, new_id: NewId) -> None:
    id_ = new_id()
    compared = held(setting.mirror, Kind.CONTACT, id_)
    setting.die()

    with pytest.raises(GatewayError):
        setting.mirror.delete(Kind.CONTACT, [compared])
    setting.come_back()
    assert {id_} == setting.mirror.rows(Kind.CONTACT, [id_]).keys()
