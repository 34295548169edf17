"""Causes of drift, and what mends each (design, section 8). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Cause(StrEnum):
    """Why the mirror differs. ``COPY_DUE`` is no drift: it is being seen to."""

    COPY_DUE = "copy due"
    COPY_FAILED = "copy failed"
    MISSING_ROW = "missing row"
    ORPHAN_ROW = "orphan row"
    CHANGED_IN_HUBSPOT = "changed in HubSpot outside the desk"
    CHANGED_IN_MIRROR = "changed in the mirror"
    CONTACT_MERGED = "contact merged"
    CONTACT_GONE = "contact gone"
    UNREADABLE_VALUE = "unreadable value"
    OLDER_COPY = "older copy"
    #: No evidence speaks for any of the others.
    UNEXPLAINED = "unexplained"


class Remedy(StrEnum):
    """What mends a drift. The truth always wins: none writes to HubSpot."""

    COPY = "copy the truth over the row"
    DELETE = "delete the row"
    #: The contact that the merge made is copied before the row of the old one goes.
    REPLACE = "copy the merged contact, delete the old row"
    #: A value to correct in HubSpot.
    PERSON = "a person corrects it in HubSpot"


REMEDIES: Mapping[Cause, Remedy] = {
    Cause.COPY_DUE: Remedy.COPY,
    Cause.COPY_FAILED: Remedy.COPY,
    Cause.MISSING_ROW: Remedy.COPY,
    Cause.ORPHAN_ROW: Remedy.DELETE,
    Cause.CHANGED_IN_HUBSPOT: Remedy.COPY,
    Cause.CHANGED_IN_MIRROR: Remedy.COPY,
    Cause.CONTACT_MERGED: Remedy.COPY,
    Cause.CONTACT_GONE: Remedy.DELETE,
    Cause.UNREADABLE_VALUE: Remedy.PERSON,
    Cause.OLDER_COPY: Remedy.COPY,
    Cause.UNEXPLAINED: Remedy.COPY,
}
assert REMEDIES.keys() == set(Cause), "every cause has its remedy"
