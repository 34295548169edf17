"""What HubSpot knows of the desk's writes, and a store restored from a backup does not.

A journal that forgot a write would let its movement happen again. HubSpot did not forget: each
write left its id as the marker in the record's history, together with the balances that it set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.records import MARKER, TOTAL_BOOKINGS, ContactId, History, Kind
from core.credits.roles import Act, Actor
from core.hubspot.ports.crm import Crm
from core.operations.owed.find import OwedCredits
from core.operations.owed.rules import Owed
from core.operations.states import ENDED, Operation, OperationState
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A write that landed, and of which the journal knows nothing."""

    kind: Kind
    record_id: str
    write_id: str
    at: datetime
    #: Counter to its value before and after, as HubSpot holds them.
    moved: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What to look at before anything runs on this journal."""

    #: Records changed since then, by anybody.
    changed: int
    forgotten: Sequence[Forgotten]
    #: Records whose history HubSpot does not give: nothing is known of them.
    unreadable: Sequence[str]
    #: Owed bookings of contacts with a forgotten write: their credit may have come back already.
    in_doubt: Sequence[Owed]
    #: They would go on as soon as a worker starts.
    unended: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class RestoreCheck:
    """Reads, and changes nothing."""

    crm: Crm
    journal: OperationStore
    owing: OwedCredits
    catalogue: Catalogue

    def compare(self, since: datetime, actor: Actor) -> Restored:
        """``since``: when the backup was made. Ids come from a search, which lags by seconds.

        Raises:
            NotAllowed: this person may not watch operations.
            GatewayError, JournalError: nothing is known.
        """
        actor.require(Act.WATCH)
        histories = {
            (kind, id_): history
            for kind in (Kind.CONTACT, Kind.EXAM)
            for id_, history in self._histories(kind, since).items()
        }
        landed = [
            one
            for (kind, id_), history in histories.items()
            if history is not None
            for one in marked(kind, id_, history, since)
        ]
        known = self.journal.known_writes([one.write_id for one in landed])
        forgotten = [one for one in landed if one.write_id not in known]
        return Restored(
            changed=len(histories),
            forgotten=sorted(forgotten, key=lambda one: one.at),
            unreadable=[id_ for (_, id_), history in histories.items() if history is None],
            in_doubt=self._in_doubt(forgotten),
            unended=self.journal.operations(states=set(OperationState) - ENDED, limit=1000),
        )

    def _histories(self, kind: Kind, since: datetime) -> dict[str, History | None]:
        keys = self.catalogue.keys if kind is Kind.CONTACT else (TOTAL_BOOKINGS,)
        ids = self.crm.changed_ids(kind, since)
        return self.crm.histories(kind, ids, keys) if ids else {}

    def _in_doubt(self, forgotten: Sequence[Forgotten]) -> list[Owed]:
        contacts = {ContactId(one.record_id) for one in forgotten if one.kind is Kind.CONTACT}
        if not contacts:
            return []
        return self.owing.listed(lambda one: one.not_owed is None and one.contact_id in contacts)


def marked(kind: Kind, id_: str, history: History, since: datetime) -> Iterator[Forgotten]:
    """Writes of any desk that changed the record since then, with what each of them moved."""
    for marker in history.get(MARKER, ()):
        if marker.at >= since and marker.value:
            yield Forgotten(
                kind=kind,
                record_id=id_,
                write_id=marker.value,
                at=marker.at,
                moved=dict(_moved(history, marker.at)),
            )


def _moved(history: History, at: datetime) -> Iterator[tuple[str, tuple[str, str]]]:
    for key, versions in history.items():
        for n, version in enumerate(versions):
            if key != MARKER and version.at == at:
                before = versions[n + 1].value if n + 1 < len(versions) else ""
                yield key, (before, version.value)
