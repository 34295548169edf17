"""What a search for contacts found, by what, and where.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.credits.catalogue import Balances
from core.credits.likeness import holds, unlikeness, words
from core.credits.records import ContactId
from core.credits.texts import storable
from core.mirror.found_by import FoundBy

#: Fewer letters would find half the school.
TEXT_MIN = 2
#: Results on one screen; past it a person types more letters.
HITS_MAX = 50
#: At most so many letters are looked at.
TEXT_MAX = 120

_PHONE = re.compile(r"[+(]?[\d\s().\-/]{6,}")


class Where(StrEnum):
    """Who was asked."""

    MIRROR = "the mirror"
    HUBSPOT = "HubSpot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One contact in a list of results."""

    contact_id: ContactId
    name: str
    email: str = ""
    student_id: str = ""
    balances: Balances
    by: FoundBy
    #: The booking that led here, by its ``booking_id``.
    booking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The results of one question."""

    asked: str
    where: Where
    hits: tuple[Hit, ...] = ()
    #: More were found than are shown.
    more: bool = False
    #: Why the mirror was not asked, or could not answer; empty when it did.
    mirror_fault: str = ""


def cleaned(text: str) -> str:
    """What was typed, without what nobody means."""
    return storable(" ".join(text.replace("\0", " ").split())[:TEXT_MAX])


def may_be_phone(text: str) -> bool:
    """Whether it reads like a phone number: the mirror holds none, HubSpot does."""
    digits = sum(letter.isdigit() for letter in text)
    return 7 <= digits <= 15 and _PHONE.fullmatch(text.strip()) is not None


def order(asked: str, found: Sequence[Hit], written: Mapping[str, str]) -> list[Hit]:
    """Exact ones first, then beginnings of words, then by name; those spelled alike last.

    ``written``: all words by which each contact can be found.
    """
    wanted = words(asked)

    def rank(hit: Hit) -> tuple[int, int, str, str]:
        text = written.get(hit.contact_id, "")
        if hit.by is FoundBy.LIKE:
            return 2, unlikeness(wanted, words(text)) or 0, hit.name.casefold(), hit.contact_id
        if hit.by is not FoundBy.NAME:
            return 0, 0, hit.name.casefold(), hit.contact_id
        held = words(text)
        begun = all(any(each.startswith(word) for each in held) for word in wanted)
        return 1, 0 if begun else 1, hit.name.casefold(), hit.contact_id

    kept = [hit for hit in found if _fits(hit, wanted, written.get(hit.contact_id, ""))]
    return sorted(kept, key=rank)


def _fits(hit: Hit, wanted: Sequence[str], text: str) -> bool:
    """The mirror's index only names candidates of these two."""
    if hit.by is FoundBy.LIKE:
        return bool(wanted) and unlikeness(wanted, words(text)) is not None
    return hit.by is not FoundBy.NAME or holds(wanted, text)
