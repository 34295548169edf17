"""Which numbers the API takes, and how it sends them back: options, where nobody knows. Pure.

HubSpot's changelog of 2020: digits, one minus sign, one point; everything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.inputs import Values

PLAIN = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII)
#: how a number comes back: as it was sent; without needless digits; as a double of HubSpot's Java
TEXTS = ("kept", "plain", "double")
_JAVA_PLAIN = (Decimal("1e-3"), Decimal("1e7"))


def problems(
    kind: Kind, values: Values, *, exponents: bool, digits_max: int
) -> Iterator[dict[str, Any]]:
    """What HubSpot has against the numbers of one write."""
    for name, text in _numbers(kind, values):
        digits = sum(sign.isdigit() for sign in re.split("[eE]", text)[0])
        if (not exponents and not PLAIN.fullmatch(text)) or digits > digits_max:
            message = f"{text} was not a valid number."
            yield {"name": name, "code": "INVALID_INTEGER", "message": message, "value": text}


def rewritten(kind: Kind, values: Values, style: str) -> Values:
    """The values of a write with their numbers in the style that HubSpot keeps."""
    if style == "kept":
        return values
    write = plain if style == "plain" else java_double
    return {**values, **{name: write(text) for name, text in _numbers(kind, values)}}


def plain(text: str) -> str:
    """3.0 as 3, 1e2 as 100."""
    number = Decimal(text)
    whole = number == number.to_integral_value()
    return f"{number.to_integral_value() if whole else number.normalize():f}"


def java_double(text: str) -> str:
    """3 as 3.0, 12345678 as 1.2345678E7: sixteen digits at most, the rest is lost."""
    number = Decimal(repr(float(text)))
    size = abs(number)
    if not number or _JAVA_PLAIN[0] <= size < _JAVA_PLAIN[1]:
        shown = plain(str(number))
        return shown if "." in shown else f"{shown}.0"
    exponent = number.adjusted()
    head = plain(str(number.scaleb(-exponent)))
    return f"{head if '.' in head else f'{head}.0'}E{exponent}"


def _numbers(kind: Kind, values: Values) -> Iterator[tuple[str, str]]:
    for name, text in values.items():
        definition = kind.live(name)
        if text is not None and definition is not None and definition.type == "number":
            yield name, text
