"""The part of the journal that keeps the filters of each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

#: What stands in one field of a filter. Days are in the form 2026-05-04.
Chosen = str | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """One filter of one person on one page."""

    email: str
    page: str
    name: str
    #: By the name of each field in the address.
    chosen: Mapping[str, Chosen]
    at: datetime


class SavedFilterRecords(Protocol):
    """Each method is one transaction. E-mails are kept in small letters."""

    def saved_filters(self, email: str, page: str) -> list[SavedFilter]:
        """Of this person on this page, by name."""
        ...

    def save_filter(self, made: SavedFilter) -> None:
        """In the place of one of the same person, page and name."""
        ...

    def remove_filter(self, email: str, page: str, name: str) -> None:
        """Whether or not there is one."""
        ...
