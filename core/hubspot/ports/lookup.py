"""What looking people and exams up needs of the world, beside what the operations need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.credits.records import Booking, Contact, ContactId, ExamId, History
from core.credits.sessions import ExamChange
from core.hubspot.ports.crm import Crm, Outcome


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
