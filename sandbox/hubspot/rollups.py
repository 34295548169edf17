"""Properties that HubSpot copies from an associated object: a booking's date is its exam's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Source
from sandbox.hubspot.store import Change, Store

CALCULATED = Source("CALCULATED", "RollupProperties")


class Rollups:
    """Keeps the copies right when objects are tied and when the origin changes."""

    def __init__(self, store: Store, portal: Portal) -> None:
        self._store = store
        self._portal = portal

    def linked(self, kind: Kind, to: Kind, pairs: Iterable[tuple[int, int]]) -> None:
        """To be called after objects were tied or untied."""
        ends = (kind.type.id, to.type.id)
        if ends == (self._portal.rollup_to, self._portal.rollup_from):
            self._copy(kind, to, [id_ for id_, _ in pairs])
        elif ends == (self._portal.rollup_from, self._portal.rollup_to):
            self._copy(to, kind, [to_id for _, to_id in pairs])

    def changed(self, changes: Sequence[Change]) -> None:
        """To be called after objects were written."""
        moved = [c for c in changes if self._concerns(c)]
        if moved:
            kind = moved[0].kind
            copy = self._store.catalog.kind(self._portal.rollup_to)
            ids = [change.after.id for change in moved if change.after]
            ties = self._store.links.of(kind, copy, ids)
            self._copy(
                copy, kind, sorted({link.to_id for found in ties.values() for link in found})
            )

    def _concerns(self, change: Change) -> bool:
        if change.kind.type.id != self._portal.rollup_from or change.verb != "change":
            return False
        before, after = change.before, change.after
        if before is None or after is None:
            return False
        return any(
            before.properties.get(name) != after.properties.get(name)
            for name in self._portal.rollup_names
        )

    def _copy(self, kind: Kind, origin: Kind, ids: Sequence[int]) -> None:
        ties = self._store.links.of(kind, origin, ids)
        rows = self._store.rows(kind, ids)
        origins = self._store.rows(origin, [found[0].to_id for found in ties.values()])
        updates = []
        for id_, row in rows.items():
            found = ties.get(id_)
            source = origins.get(found[0].to_id) if found else None
            values = source.properties if source else {}
            updates.append((row, {name: values.get(name) for name in self._portal.rollup_names}))
        self._store.update(kind, updates, CALCULATED)
