"""Addresses that reach one mailbox are one person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.mailboxes import mailbox, one_mailbox

WORDS = st.text("abcdefghij", min_size=1, max_size=8)


@pytest.mark.parametrize(
    "other",
    ["ann@school.test", " ANN@School.Test ", "ann+admin@school.test", "Ann+a+b@school.test"],
)
def test_a_plus_address_or_other_capitals_are_the_same_person(other: str) -> None:
    assert one_mailbox("ann@school.test", other)


@pytest.mark.parametrize("other", ["a.n.n@gmail.com", "ann@googlemail.com", "A.nn+x@GMAIL.com"])
def test_gmail_ignores_dots_and_has_two_names(other: str) -> None:
    assert one_mailbox("ann@gmail.com", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@school.test", "a.nn@school.test"),
        ("ann@school.test", "ann@other.test"),
        ("ann@school.test", "anna@school.test"),
        ("+ann@school.test", "+ben@school.test"),
    ],
)
def test_two_people_stay_two(one: str, other: str) -> None:
    assert not one_mailbox(one, other)


@given(WORDS, WORDS, WORDS)
def test_a_mailbox_is_the_mailbox_of_itself(local: str, tag: str, domain: str) -> None:
    found = mailbox(f"{local}+{tag}@{domain}.test")

    assert f"{local}@{domain}.test" == found == mailbox(found)
