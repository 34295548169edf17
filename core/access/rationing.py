"""Rationing: how many students one person or app reaches within a time, and who is told of it.

A person who works is never refused; whoever reads or changes the whole school is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from core.access.api_key_rules import ApiKey
from core.access.pacing import USUAL, WITHIN, Counted, Limits, Use, span_words
from core.access.store.port import AccessStore
from core.access.unusual import unusual
from core.audit.entries import Subject
from core.credits.records import ContactId
from core.credits.texts import storable


class TooMany(Exception):
    """More than may be within a time. Nothing was shown, and nothing changed."""

    def __init__(self, counted: Counted, most: int) -> None:
        """``most``: the limit that was reached."""
        self.counted = counted
        self.most = most
        self.within = span_words(WITHIN[counted])
        super().__init__(
            f"the limit is {most:,} {counted} within {self.within}: wait a little and go on. "
            "Managers and admins see this on Overview and can have the limit raised"
        )


@dataclass(frozen=True, slots=True)
class Rationing:
    """Counts in the journal, over all processes. Raises ``JournalError`` when it cannot."""

    journal: AccessStore
    now: Callable[[], datetime]
    limits: Limits = USUAL

    def opened(self, id_: ContactId, who: str) -> None:
        """This person opens this student. ``who``: by e-mail.

        Raises:
            TooMany: more than a person opens who works; the student is not shown.
        """
        self._within(self._use(who, Counted.OPENED, id_), self.limits.opened)

    def listed(self, number: int, who: str) -> None:
        """A search lists so many students to this person. ``who``: by e-mail.

        Raises:
            TooMany: more than a person reads; they are not shown.
        """
        name = self.now().isoformat()
        self._within(self._use(who, Counted.LISTED, name, number), self.limits.listed)

    def named(self, ids: Collection[ContactId], who: str) -> None:
        """A table names these students to this person; the same ones together count once.

        Raises:
            TooMany: more than anybody reads; the table has their ids alone.
        """
        name = sha256("\n".join(sorted(ids)).encode()).hexdigest()
        self._within(self._use(who, Counted.NAMED, name, len(ids)), self.limits.named)

    def acted(self, key: ApiKey, contact_id: ContactId, operation_id: str) -> None:
        """This app is about to confirm an operation for this student; a repetition counts once.

        Raises:
            TooMany: the key has used up what it may in a day; nothing was confirmed.
        """
        most = self.limits.writes if key.writes_a_day is None else key.writes_a_day
        self._within(self._use(key.address, Counted.WRITES, operation_id), most, key.id)
        if (usual := self.limits.students) is not None:
            use = self._use(key.address, Counted.STUDENTS, contact_id)
            if self.journal.spend(use, most=None).total > usual:
                self._tell(use, usual, key.id)

    def _use(self, who: str, counted: Counted, name: str, number: int = 1) -> Use:
        """An id in an address may be anything that somebody types."""
        return Use(
            actor=storable(who.casefold()),
            counted=counted,
            name=storable(name),
            at=self.now(),
            number=number,
        )

    def _within(self, use: Use, most: int | None, key_id: str = "") -> None:
        if most is not None and not self.journal.spend(use, most=most).kept:
            self._tell(use, most, key_id)
            raise TooMany(use.counted, most)

    def _tell(self, use: Use, most: int, key_id: str) -> None:
        """By an entry of the audit, which *Overview* and the alarms read."""
        told = f"more than {most:,} {use.counted} within {span_words(WITHIN[use.counted])}"
        subject = Subject.KEY if key_id else ""
        self.journal.record(unusual(use.actor, told, use.at, subject=subject, id_=key_id))
