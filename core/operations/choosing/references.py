"""One cell or line of a list, read as a reference to a booking. Nothing is guessed.

What a spreadsheet did to a number is taken back where all of its digits are there; otherwise the
reason says what happened and how to avoid it.

Pure.
"""

from __future__ import annotations

import re
import unicodedata

from core.credits.csv_safe import unescaped

DIGITS_MAX = 20
#: A spreadsheet keeps so many digits of a number; what follows becomes zeros.
DIGITS_KEPT = 15

AS_TEXT = "format the column as text and export again"
NEITHER = "is neither a HubSpot record id nor a booking_id"
MISSING = "no booking"

_RECORD_ID = re.compile(rf"[0-9]{{1,{DIGITS_MAX}}}")
#: ``{mock_type}-{student_id}-{Month D, YYYY}``, as the school's apps make it (design, section 3);
#: the desk's own later ones of that day count on: "… (2)".
_BOOKING_NAME = re.compile(r".+-.+-[A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}(?: \([0-9]+\))?")
_NAME_WITHIN = re.compile(r"[^,;\t]-[^,;\t]+-[A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}")
_FORMULA = re.compile(r'="(.*)"')
_EXPONENT = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,3})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([., '\u2019])[0-9]{3})(?:\1[0-9]{3})*")
_DECIMALS = re.compile(r"([0-9]+|[0-9]{1,3}(?:[., '\u2019][0-9]{3})+)([.,])([0-9]+)")
_WHOLE = re.compile(r"([0-9]{4,})[.,]0+|([0-9]+)[.,]0{1,2}")
_ERRORS = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
#: Spaces of other widths; and what is not seen at all.
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile(r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Unclear(ValueError):
    """A cell that names no booking for certain; the words say why, after the cell."""


def is_record_id(reference: str) -> bool:
    """Whether this is a HubSpot record id rather than a ``booking_id``."""
    return _RECORD_ID.fullmatch(reference) is not None


def is_name(reference: str) -> bool:
    """Whether this is a ``booking_id``, as the school's apps and the desk make them."""
    return _BOOKING_NAME.fullmatch(reference) is not None


def mentions_name(text: str) -> bool:
    """Whether a ``booking_id`` stands somewhere in it."""
    return _NAME_WITHIN.search(text) is not None


def read(cell: str) -> str:
    """The record id or ``booking_id`` that a cell names.

    Raises:
        Unclear: none, or none for certain.
    """
    text = tidied(cell)
    if not text:
        raise Unclear(MISSING)
    if is_name(text):
        return text
    digits = _ascii_digits(text)
    if digits[:1].isdigit():
        return _number(digits)
    if _ERRORS.fullmatch(text):
        raise Unclear("is an error of the spreadsheet; correct its formula and export again")
    if set(text) == {"#"}:
        raise Unclear("is a column that was too narrow; widen it and export again")
    raise Unclear(NEITHER)


def tidied(cell: str) -> str:
    """Without what a spreadsheet or a copied page puts around a value."""
    text = _UNSEEN.sub("", _SPACES.sub(" ", cell)).strip()
    if found := _FORMULA.fullmatch(text):
        text = found[1].replace('""', '"').strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    if text[:1] == "'":
        rest = text[1:].strip()
        text = rest if is_name(rest) or rest[:1].isdecimal() else unescaped(text)
    return text


def several(text: str) -> bool:
    """Whether a line may be one number with thousands separators, or several record ids."""
    return _GROUPED.fullmatch(tidied(text)) is not None


def _ascii_digits(text: str) -> str:
    """Digits of other scripts as those that HubSpot knows: their value is certain."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _number(text: str) -> str:
    if found := _EXPONENT.fullmatch(text):
        return _checked(_from_exponent(found))
    if _RECORD_ID.fullmatch(text):
        return _checked(text)
    if found := _WHOLE.fullmatch(text):
        return _checked(found[1] or found[2])
    if found := _GROUPED.fullmatch(text):
        return _checked(_from_groups(text, found[1]))
    if found := _DECIMALS.fullmatch(text):
        return _checked(_from_decimals(found[1], found[2], found[3]))
    if text.isdigit():
        raise Unclear(f"has {len(text)} digits, more than a record id can have")
    raise Unclear(NEITHER)


def _from_exponent(found: re.Match[str]) -> str:
    """Only what still has every digit: 8.812034411E+9."""
    whole, part, exponent = found[1], (found[2] or ""), int(found[3])
    kept, rest = part[:exponent], part[exponent:]
    if len(kept) < exponent or rest.strip("0"):
        raise Unclear(f"a spreadsheet shortened this number; {AS_TEXT}")
    return whole + kept


def _from_groups(text: str, separator: str) -> str:
    if text.count(separator) < 2:
        raise Unclear(
            f"has one thousands separator or decimal point, which cannot be told apart; {AS_TEXT}"
        )
    return text.replace(separator, "")


def _from_decimals(whole: str, point: str, part: str) -> str:
    grouped = _GROUPED.fullmatch(whole)
    if grouped and grouped[1] != point and not part.strip("0"):
        return _from_groups(whole, grouped[1])
    raise Unclear("has decimals, and a record id is a whole number")


def _checked(digits: str) -> str:
    digits = digits.lstrip("0") or "0"
    if len(digits) > DIGITS_MAX:
        raise Unclear(f"has {len(digits)} digits, more than a record id can have")
    if len(digits) > DIGITS_KEPT and not digits[DIGITS_KEPT:].strip("0"):
        raise Unclear(f"a spreadsheet may have set its last digits to 0; {AS_TEXT}")
    return digits
