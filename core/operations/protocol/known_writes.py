"""Known writes: whether the last marked write of a record is one that this desk knows of.

A marker that the journal does not know is another desk's write, or one that a restored journal has
forgotten. Writing over it could give a credit twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.credits.records import Counted, Kind
from core.hubspot.ports.crm import Crm
from core.operations.desks.rules import Stranger, last_marked
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class KnownWrites:
    """Asks the journal once for all records; HubSpot only for what the journal does not know."""

    crm: Crm
    journal: OperationStore

    def strangers(self, kind: Kind, read: Iterable[Counted]) -> dict[str, Stranger]:
        """Records among these, by id, that must not be written.

        Not among them: one whose marker is older than a takeover, by HubSpot's clock.

        Raises:
            GatewayError, JournalError: nothing is known.
        """
        unknown = self.unknown(read)
        if not unknown:
            return {}
        takeovers = self.journal.takeovers()
        histories = self.crm.histories(kind, unknown.keys(), ())
        found = {
            id_: Stranger(
                kind=kind,
                record_id=id_,
                marker=marker,
                at=last_marked(histories.get(id_), marker),
            )
            for id_, marker in unknown.items()
        }
        until = takeovers[0].at if takeovers else None
        return {
            id_: stranger
            for id_, stranger in found.items()
            if until is None or stranger.at is None or stranger.at > until
        }

    def unknown(self, read: Iterable[Counted]) -> dict[str, str]:
        """The markers among these that the journal does not know, by the id of the record."""
        marked = {record.id: record.marker for record in read if record.marker}
        known = self.journal.known_writes(marked.values()) if marked else set()
        return {id_: marker for id_, marker in marked.items() if marker not in known}
