"""The chain: its bytes say each entry in one way, and what is changed does not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.chain import EMPTY, Link, Verified, Walk, canonical, chained, digest, texts
from core.audit.entries import Entry, change_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(words, json, max_size=2)
entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(UTC)),
    actor=words,
    role=words,
    what=words,
    operation_id=words,
    subject=words,
    subject_id=words,
    reason=words,
    before=objects,
    after=objects,
    detail=objects,
    once=st.none() | words,
)
places = st.tuples(st.integers(1, 3), words, entries)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: to JSON, true is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def fields_of(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


@given(one=places, other=places)
def test_no_two_entries_have_the_same_bytes(
    one: tuple[int, str, Entry], other: tuple[int, str, Entry]
) -> None:
    n, previous, entry = one
    m, before, another = other
    alike = (n, previous) == (m, before) and same(fields_of(entry), fields_of(another))

    assert alike == (canonical(n, previous, texts(entry)) == canonical(m, before, texts(another)))


@given(entry=entries, name=st.sampled_from(["actor", "reason", "subject_id"]), to=words)
def test_each_changed_field_changes_the_bytes(entry: Entry, name: str, to: str) -> None:
    changed = Entry(**fields_of(entry) | {name: to})

    assert (getattr(entry, name) == to) == (texts(entry) == texts(changed))


@given(entry=entries)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    link = Link(n=1, texts=texts(entry), hash="")

    assert fields_of(entry) == fields_of(link.entry)


def test_words_that_slip_from_one_field_into_the_next_are_other_bytes() -> None:
    one = Entry(at=NOON, actor="a", role='b","c', what="d")
    other = Entry(at=NOON, actor='a","b', role="c", what="d")

    assert canonical(1, "", texts(one)) != canonical(1, "", texts(other))


def test_a_value_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        texts(Entry(at=NOON, actor="a", what="b", detail={"n": float("nan")}))


def chain(length: int) -> list[Link]:
    return chained(EMPTY, (texts(Entry(at=NOON, actor=f"{n}", what="b")) for n in range(length)))


@given(length=st.integers(0, 6), cut=st.integers(0, 6))
def test_a_walk_along_a_whole_chain_may_stop_anywhere(length: int, cut: int) -> None:
    links, walk = chain(length), Walk()
    walk.along(links[:cut])
    walk.along(links[cut:])
    walk.end(links[-1].head if links else EMPTY, length)

    assert [] == walk.faults


@given(data=st.data(), length=st.integers(2, 6))
def test_a_walk_finds_an_entry_taken_out(data: st.DataObject, length: int) -> None:
    links = chain(length)
    gone = data.draw(st.integers(0, length - 1))
    walk = Walk()
    walk.along(links[:gone] + links[gone + 1 :])
    walk.end(links[-1].head, links[-1].n)

    assert f"entry {gone + 1} is missing" in walk.faults


def test_a_fault_is_told_once_and_the_rest_is_gone_along() -> None:
    links = chain(5)
    links[1] = Link(n=2, texts=texts(Entry(at=NOON, actor="mallory", what="b")), hash=links[1].hash)
    walk = Walk()
    walk.along(links)

    assert ["entry 2 is not what was recorded after entry 1: one of the two was changed"] == (
        walk.faults
    )
    assert links[-1].head == walk.head


def test_the_hash_is_known_to_other_programs() -> None:
    """The form of docs/audit.md; this figure never changes."""
    entry = Entry(at=NOON, actor="a@b.c", what="confirmed", after={"z": 1, "ä": [None]})

    assert (
        '["credit desk audit 1",1,"0","2026-05-04T12:00:00.000000+00:00","a@b.c","","confirmed",'
        '"","","","","{}","{\\"z\\":1,\\"ä\\":[null]}","{}",null]'
    ) == canonical(1, "0", texts(entry)).decode()
    assert 64 == len(digest(1, "0", texts(entry)))


def test_what_was_changed_is_told_before_and_after() -> None:
    entry = Entry(at=NOON, actor="a", what="b", before={"x": 2, "y": None}, after={"x": 3, "y": ""})

    assert "x 2 → 3; y – → –" == change_of(entry)


def test_a_chain_is_whole_when_all_of_it_was_gone_along() -> None:
    head = chain(3)[-1].head

    assert Verified(at=NOON, head=head, total=3).whole
    assert not Verified(at=NOON, head=head, total=4).whole
    assert not Verified(at=NOON, head=head, total=3, faults=("x",)).whole


@pytest.mark.parametrize("name", ["at", "before"])
def test_an_entry_that_somebody_made_unreadable_is_shown_all_the_same(name: str) -> None:
    of = dict(zip(Entry.__dataclass_fields__, chain(1)[0].texts, strict=True)) | {name: "?"}

    entry = Link(n=1, texts=tuple(of.values()), hash="").entry

    assert "0" == entry.actor
    assert name == "at" or {"unreadable": "?"} == entry.before
