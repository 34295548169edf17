"""The port to the mirror (Supabase)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from core.credits.records import ContactId, Kind
from core.credits.sessions import Counts
from core.mirror.found_by import FoundBy

#: A mirror row as JSON values: only the columns that were read, with ``hubspot_id`` and
#: ``source_modified_at`` always among them.
MirrorRow = Mapping[str, object]

#: The ``category`` of a ``Refused`` that no row is to blame for: address, key or schema is wrong.
SETUP = "setup"


class Copied(StrEnum):
    """What became of one copy."""

    WRITTEN = "written"
    ALREADY_EQUAL = "already equal"
    #: The mirror holds a newer version of the record than the one offered.
    NEWER_KEPT = "newer kept"
    #: The row offered is partial and the mirror holds none: read the record, offer it whole.
    MISSING = "missing"
    #: A contact without what the table asks of every row, such as a student id: it has no row.
    NOT_KEPT = "not kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """The answer for one row."""

    copied: Copied
    reason: str = ""


class Deleted(StrEnum):
    """What became of one row that was to be deleted."""

    DELETED = "deleted"
    #: It is not the version that was compared any more.
    CHANGED = "changed"
    #: There is no such row.
    MISSING = "missing"
    #: The database does not let it go: a row of another table refers to it, say.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteResult:
    """The answer for one row that was to be deleted."""

    deleted: Deleted
    #: Of a refusal, in the database's words.
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One policy, grant, view or function by which others read or write the tables."""

    #: "policy", "grant", "table", "role", "view", "materialized view" or "function".
    what: str
    #: The table, view or function, with its schema.
    target: str
    #: "anon", "authenticated" or both.
    who: str
    said: str
    #: The SQL that ends it.
    mend: str


class Renamed(StrEnum):
    """What became of a row that was to be kept under another id."""

    RENAMED = "renamed"
    #: There is no row of the old id.
    MISSING = "missing"
    #: There is a row of the new id already.
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameResult:
    """The answer for one row that was to be kept under another id."""

    renamed: Renamed
    #: Of a refusal, in the database's words.
    reason: str = ""


class Mirror(Protocol):
    """Copies are guarded by source time in the database, so late and repeated ones are harmless."""

    def copy(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, CopyResult]:
        """Write rows, at most a few hundred, in one call; the answer by ``hubspot_id``.

        Every row offered has its answer.

        Raises:
            GatewayError: the mirror did not answer, or answered for fewer rows than offered.
                ``Refused`` of another category than ``SETUP``: one of these rows is unfit in a
                way that hid the others' answers; offer fewer at a time.
        """
        ...

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        """What the mirror holds, by ``hubspot_id``; absent when it holds nothing.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        """Up to ``limit`` rows with a ``hubspot_id`` above ``after``, in its order as text.

        Fewer than ``limit`` may come before the last page; none is the end.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def unrefunded(self, after: str = "", limit: int = 1000) -> list[str]:
        """Ids of bookings held as cancelled, with a token and not refunded; paged as ``page`` is.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def delete(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
        """Delete these rows, each only if it is still the version given: its
        ``source_modified_at`` and ``synced_at`` are those of the row. The answer by ``hubspot_id``.

        A row that the database does not let go keeps no other row from being deleted.

        Raises:
            GatewayError: the mirror did not answer, or not for every row.
        """
        ...

    def backdate(self, kind: Kind, rows: Sequence[MirrorRow], to: Mapping[str, str]) -> set[str]:
        """Set ``source_modified_at`` of these rows to ``to``, by ``hubspot_id``, so that the next
        copy may overwrite them. Each only if it still says the time given; the ids of those set.

        Raises:
            GatewayError: the mirror did not answer. Repeating it is harmless.
        """
        ...

    def rename(self, kind: Kind, old: str, new: str) -> RenameResult:
        """Keep the row of ``old`` under the id ``new``, unless there is one of ``new`` already.

        Repeating it is harmless.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def required(self, kind: Kind) -> frozenset[str]:
        """What a contact must have to have a row; nothing of other kinds: those must be kept.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def exposures(self) -> list[Exposure]:
        """What lets a publishable key or a student's token reach more than the student's own rows.

        Raises:
            GatewayError: Supabase does not answer, or its functions are of another version.
        """
        ...

    def faults(self) -> list[str]:
        """What is wrong with address, key or schema, each with how to mend it; for ``doctor``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contact that the mirror's index names. The rules of search judge and order them."""

    row: MirrorRow
    by: FoundBy
    #: ``booking_id`` of the booking that led here.
    booking: str = ""


class MirrorLookUp(Mirror, Protocol):
    """The mirror, asked in other ways than by id."""

    def candidates(self, text: str, *, limit: int) -> list[Candidate]:
        """Contacts that may be meant: by exact ids, by parts of words, else by likeness.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def bookings_held(self, contact_id: ContactId) -> list[MirrorRow]:
        """Rows of this contact's bookings.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...

    def sessions(
        self, since: date | None, until: date | None, tokens: Collection[str], *, limit: int
    ) -> list[tuple[MirrorRow, Counts]]:
        """Exams of these days, soonest first, with their bookings counted.

        ``tokens``: those that spend a credit, for what is owed.

        Raises:
            GatewayError: the mirror did not answer.
        """
        ...
