"""What every mirror promises of a deletion: never more than was compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.credits.errors import GatewayError
from core.credits.records import Kind
from core.mirror.port import Deleted, Mirror, MirrorRow, Renamed
from tests.contract.supabase.conftest import Setting, row

NewId = Callable[[], str]


def held(mirror: Mirror, kind: Kind, id_: str, minute: int = 1) -> MirrorRow:
    """The row as a comparison reads it."""
    mirror.copy(kind, [row(id_, minute)])
    return mirror.rows(kind, [id_])[id_]


def delete(mirror: Mirror, kind: Kind, *rows: MirrorRow) -> dict[str, Deleted]:
    return {id_: answer.deleted for id_, answer in mirror.delete(kind, rows).items()}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_row_as_it_was_compared_is_deleted(mirror: Mirror, new_id: NewId, kind: Kind) -> None:
    id_, other = new_id(), new_id()
    compared = held(mirror, kind, id_)
    held(mirror, kind, other)

    assert {id_: Deleted.DELETED} == delete(mirror, kind, compared)
    assert {other} == mirror.rows(kind, [id_, other]).keys()


def test_a_row_copied_anew_since_it_was_compared_stays(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    compared = held(mirror, Kind.CONTACT, id_)
    mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=4)])

    assert {id_: Deleted.CHANGED} == delete(mirror, Kind.CONTACT, compared)
    assert 4 == mirror.rows(Kind.CONTACT, [id_])[id_]["sj_credits"]


def test_a_row_that_was_deleted_and_made_again_stays(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    compared = held(mirror, Kind.CONTACT, id_)
    mirror.delete(Kind.CONTACT, [compared])
    mirror.copy(Kind.CONTACT, [row(id_, 3)])

    assert {id_: Deleted.CHANGED} == delete(mirror, Kind.CONTACT, compared)


def test_a_row_that_was_never_synced_can_be_deleted(setting: Setting, new_id: NewId) -> None:
    """As one from before the desk: the times are null, and null is what was compared."""
    id_ = new_id()
    held(setting.mirror, Kind.CONTACT, id_)
    for column in ("synced_at", "source_modified_at"):
        setting.edit(Kind.CONTACT, id_, column, None)
    compared = setting.mirror.rows(Kind.CONTACT, [id_])[id_]

    assert {id_: Deleted.DELETED} == delete(setting.mirror, Kind.CONTACT, compared)


def test_a_deletion_that_is_repeated_finds_nothing(mirror: Mirror, new_id: NewId) -> None:
    """After an answer that was lost."""
    compared = held(mirror, Kind.CONTACT, new_id())
    mirror.delete(Kind.CONTACT, [compared])

    assert [Deleted.MISSING] == list(delete(mirror, Kind.CONTACT, compared).values())


def test_each_row_of_many_has_its_answer(mirror: Mirror, new_id: NewId) -> None:
    ids = [new_id() for _ in range(1100)]
    mirror.copy(Kind.EXAM, [row(id_, 1) for id_ in ids])
    found = mirror.rows(Kind.EXAM, ids)
    changed = ids[::10]
    mirror.copy(Kind.EXAM, [row(id_, 2) for id_ in changed])

    answers = delete(mirror, Kind.EXAM, *(found[id_] for id_ in ids))

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


def test_a_row_that_another_table_refers_to_stays_and_the_rows_beside_it_go(
    setting: Setting, new_id: NewId
) -> None:
    mirror = setting.mirror
    ids = [new_id() for _ in range(5)]
    compared = [held(mirror, Kind.CONTACT, id_) for id_ in ids]

    with setting.referring(Kind.CONTACT, ids[2], "enrolments"):
        answers = mirror.delete(Kind.CONTACT, compared)

    assert {ids[2]} == mirror.rows(Kind.CONTACT, ids).keys()
    assert Deleted.REFUSED is answers[ids[2]].deleted
    assert "enrolments" in answers[ids[2]].reason
    assert [Deleted.DELETED] * 4 == [answers[id_].deleted for id_ in ids if id_ != ids[2]]


def test_a_row_is_kept_under_its_new_id(mirror: Mirror, new_id: NewId) -> None:
    old, new = new_id(), new_id()
    mirror.copy(Kind.CONTACT, [row(old, 1, sj_credits=3, email="ada@example.test")])

    assert Renamed.RENAMED is mirror.rename(Kind.CONTACT, old, new).renamed

    rows = mirror.rows(Kind.CONTACT, [old, new])
    assert ({new}, 3, "ada@example.test") == (
        set(rows),
        rows[new]["sj_credits"],
        rows[new]["email"],
    )
    assert Renamed.MISSING is mirror.rename(Kind.CONTACT, old, new).renamed


def test_a_row_whose_new_id_is_taken_stays_as_it_is(mirror: Mirror, new_id: NewId) -> None:
    old, new = new_id(), new_id()
    mirror.copy(Kind.EXAM, [row(old, 1), row(new, 1)])

    assert Renamed.TAKEN is mirror.rename(Kind.EXAM, old, new).renamed
    assert {old, new} == mirror.rows(Kind.EXAM, [old, new]).keys()


def test_a_row_that_another_table_refers_to_keeps_its_id(setting: Setting, new_id: NewId) -> None:
    old, new = new_id(), new_id()
    held(setting.mirror, Kind.CONTACT, old)

    with setting.referring(Kind.CONTACT, old, "enrolments"):
        answer = setting.mirror.rename(Kind.CONTACT, old, new)

    assert Renamed.REFUSED is answer.renamed
    assert "enrolments" in answer.reason
    assert {old} == setting.mirror.rows(Kind.CONTACT, [old, new]).keys()
