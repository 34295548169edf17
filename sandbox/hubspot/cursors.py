"""The cursor of a page of associations, in the form that HubSpot's was seen to have. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote, unquote

from sandbox.hubspot import errors

_HELD = re.compile(r"\d{1,3}-\d{1,18}-(\d{1,19})")


def make(type_id: str, last: int) -> str:
    """What leads to the associations after `last`: nobody is to read or to make one."""
    return quote(base64.b64encode(f"{type_id}-{last}".encode()))


def read(given: object) -> int:
    """The id after which to go on; 0 for none. Raises ApiError 400 for what is no cursor."""
    if given in {None, ""}:
        return 0
    try:
        held = base64.b64decode(unquote(str(given)), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        held = ""
    found = _HELD.fullmatch(held)
    if found is None:
        raise errors.validation(f"Invalid paging cursor: {given}")
    return int(found[1])
