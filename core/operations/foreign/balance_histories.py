"""Balance histories: what others did to balances, told apart from the writes of this desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.credits.catalogue import CreditType, UnreadableValue
from core.credits.records import MARKER, History, Kind, WriteId
from core.hubspot.ports.crm import Crm
from core.operations.owed.double_refunds import BalanceChange, changes_by_others
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class BalanceHistories:
    """Of some contacts, by id; and which of the markers in them are those of our writes."""

    histories: Mapping[str, History | None]
    ours: Collection[str]

    def landed(self, id_: str, write_id: WriteId) -> datetime | None:
        """When HubSpot got this write first; None: the history does not show it."""
        markers = (self.histories.get(id_) or {}).get(MARKER, ())
        return min((mark.at for mark in markers if mark.value == write_id), default=None)

    def by_others(
        self, id_: str, credit: CreditType, *, since: datetime, created_at: datetime | None = None
    ) -> list[BalanceChange] | None:
        """Changes of one balance since then that we did not make, newest first.

        None: HubSpot does not give its history, or a value in it cannot be read.
        """
        history = self.histories.get(id_)
        if history is None:
            return None
        try:
            return changes_by_others(
                history, credit, since=since, created_at=created_at, ours=self.ours
            )
        except UnreadableValue:
            return None


def read_histories(
    crm: Crm,
    journal: OperationStore,
    contact_ids: Collection[str],
    keys: Collection[CreditType],
    *,
    since: datetime,
) -> BalanceHistories:
    """Read these balances of these contacts. Of markers before ``since`` nothing is asked.

    Raises:
        GatewayError: HubSpot could not be read.
    """
    histories = crm.histories(Kind.CONTACT, contact_ids, sorted(keys))
    marks = {
        version.value
        for history in histories.values()
        for version in (history or {}).get(MARKER, ())
        if version.at >= since
    }
    return BalanceHistories(histories, journal.known_writes(marks) if marks else set())
