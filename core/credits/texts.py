"""Text and JSON values that every store can keep, whatever somebody put into HubSpot.

PostgreSQL keeps no NUL in a text, UTF-8 has no lone surrogate, and JSON numbers end at 64 bits.

Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

#: Shown in place of a character that no store can keep.
REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: Of a longer value only the beginning is told; its length says the rest.
TOLD_MAX = 120
#: Controls but for the line end and the tab, the C1 controls, and what turns the order of letters.
_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""This text as a terminal may have it, each control character as JSON writes it: ``\u001b``.

    So JSON reads them back.
    """
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_storable(text: str) -> bool:
    """Whether every store takes this text as it is."""
    if text.isascii():  # known without a look at its characters
        return "\0" not in text
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """This text with U+FFFD in place of each NUL and each lone surrogate."""
    return text if is_storable(text) else _UNSTORABLE.sub(REPLACEMENT, text)


def storable_json(value: Any) -> Any:
    """The same for all text in a JSON value; a number that JSON cannot carry becomes its text."""
    match value:
        case str():
            return storable(value)
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**63 else storable(_digits(value))
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {storable(str(key)): storable_json(each) for key, each in value.items()}
        case list() | tuple():
            return [storable_json(each) for each in value]
    return value


def _digits(number: int) -> str:
    """Python refuses to write numbers of more than 4,300 digits in full."""
    try:
        return str(number)
    except ValueError:
        return f"a number of more than {number.bit_length() * 3 // 10} digits"


def quoted(raw: object) -> str:
    """A value as it may stand in a message: in quotes, and not longer than a line."""
    text = raw if isinstance(raw, str) else str(raw)
    if len(text) <= TOLD_MAX:
        return repr(text)
    return f"{text[:TOLD_MAX]!r}... ({len(text):,} characters)"
