"""What looking people and exams up needs of the world, beside what the operations need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from core.domain.lookups import FoundBy
from core.domain.records import Booking, Contact, ContactId, ExamId, History
from core.domain.sessions import Counts, ExamChange
from core.gateways.ports.crm import Crm, Outcome
from core.gateways.ports.mirror import Mirror, MirrorRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contact that the mirror's index names. The domain judges and orders them."""

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


class CrmLookUp(Crm, Protocol):
    """The truth, asked and told what only the staff desk asks and tells."""

    def contact_with_history(self, id_: ContactId) -> tuple[Contact, History] | None:
        """A contact, its balances' histories and the marker's, in one call. None: gone.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        ...

    def bookings_of(self, contact_id: ContactId) -> list[Booking]:
        """Bookings associated with a contact, with their exams, in three calls.

        That each of them is of this contact is taken from the association asked for; whether it
        is of others too is not asked.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        ...

    def scheduled_exam_ids(self, due_by: datetime) -> list[ExamId]:
        """Search: exams whose scheduled activation has come, every page. It may lag.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        ...

    def change_exams(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        """Set ``is_active``, and the time of a scheduled one. Repeating it is harmless."""
        ...
