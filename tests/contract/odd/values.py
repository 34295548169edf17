"""Values that HubSpot could answer with for any property, as the JSON that comes over the wire."""

from __future__ import annotations

import json
import random
from string import ascii_letters

#: The property is not in the answer at all.
MISSING = b""


def _text(value: str) -> bytes:
    return json.dumps(value).encode()


#: Name of the value to its JSON.
ODD: dict[str, bytes] = {
    "huge": _text("1e30"),
    "too huge to count": _text("1e999999999"),
    "tiny": _text("1e-999999999"),
    "20 digits": _text("99999999999999999999"),
    "negative": _text("-5"),
    "fractional": _text("3.5"),
    "point zero": _text("3.0"),
    "in blanks": _text(" 7 "),
    "not a number": _text("NaN"),
    "a word": _text("abc"),
    "arabic digits": _text("٣"),
    "NUL": _text("\0"),
    "NUL inside": _text("a\0b"),
    "half an emoji": _text("a\ud83db"),
    "right to left": _text("\u202eadA"),
    "64 kB": _text("".join(random.Random(7).choices(ascii_letters + "  ", k=65_536))),
    "64 kB of digits": _text("9" * 65_536),
    "no day of a calendar": _text("2026-02-30"),
    "last day": _text("9999-12-31"),
    "first day": _text("0001-01-01"),
    "last moment": _text("9999-12-31T23:59:59-14:00"),
    "first moment": _text("0001-01-01T00:00:00+14:00"),
    "infinity": _text("infinity"),
    "quotes": _text("'\"%,();\\ drop"),
    "true": b"true",
    "number": b"3",
    "fraction": b"3.7",
    "long number": b"1" + b"0" * 30,
    "list": b'["x"]',
    "object": b'{"a":1}',
    "null": b"null",
    "nothing": _text(""),
    "missing": MISSING,
}
