"""Invented students: names of many origins, and a few that a careless screen would trip over."""

from __future__ import annotations

import json
import random
import unicodedata
from dataclasses import dataclass
from math import gcd
from pathlib import Path

_NAMES = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
FIRST: list[str] = _NAMES["first"]
LAST: list[str] = _NAMES["last"]
#: (first name, last name): formulas for a spreadsheet, HTML, SQL, Markdown, odd spaces and scripts.
HOSTILE: list[list[str]] = _NAMES["hostile"]
#: One in so many is hostile, from the third person on.
HOSTILE_EVERY = 97
STUDENT_MIN, STUDENT_SPAN, STRIDE = 1_000_000, 8_999_993, 104_729


@dataclass(frozen=True, slots=True)
class Person:
    student_id: str
    email: str
    firstname: str
    lastname: str


def person(number: int, chance: random.Random) -> Person:
    """The one with that number, from 0 up; student id and e-mail are nobody else's."""
    if number % HOSTILE_EVERY == 2:
        first, last = HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)]
    else:
        first, last = chance.choice(FIRST), chance.choice(LAST)
    student_id = str(STUDENT_MIN + number * STRIDE % STUDENT_SPAN)
    local = f"{_plain(first)}.{_plain(last)}".strip(".")[:40] or "student"
    return Person(student_id, f"{local}.{student_id}@example.test", first, last)


def _plain(name: str) -> str:
    """Letters and digits that any mail program takes."""
    flat = unicodedata.normalize("NFKD", name.translate(_NO_ACCENT_FORM)).lower()
    return "".join(letter for letter in flat if letter.isascii() and letter.isalnum())


#: Letters that decompose into no plain one, and the one that stands for each.
_NO_ACCENT_FORM = str.maketrans("\u0142\u0141\u00f8\u00d8\u0111\u0110\u0131", "lLoOdDi")

assert gcd(STRIDE, STUDENT_SPAN) == 1, "every number has a student id of its own"  # noqa: S101
