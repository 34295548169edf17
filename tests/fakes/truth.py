"""What the fake HubSpot holds: records, versions, links, merges. No port, no faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from core.credits.records import Kind, Version

#: What HubSpot says of a change made through our own app.
OURS = ("INTEGRATION", "credit-desk")


class Record:
    """One object: property name to what the wire would carry, and every version of it."""

    __slots__ = (
        "archived",
        "created_at",
        "former_ids",
        "id",
        "kind",
        "links",
        "modified_at",
        "properties",
        "versions",
        "view",
    )

    def __init__(self, kind: Kind, id_: str, at: datetime) -> None:
        self.kind = kind
        self.id = id_
        self.properties: dict[str, str | None] = {}
        #: Oldest first.
        self.versions: dict[str, list[Version]] = {}
        self.created_at = self.modified_at = at
        self.archived = False
        self.former_ids: tuple[str, ...] = ()
        #: On a booking: its contacts and exams. On those: their bookings.
        self.links: dict[Kind, list[Record]] = {}
        #: What the port last made of it; dropped on every change.
        self.view: object = None

    def linked(self, kind: Kind) -> list[Record]:
        return [record for record in self.links.get(kind, ()) if not record.archived]


class Truth:
    """All records by kind and by every id that they ever had."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._by_id: dict[Kind, dict[str, Record]] = {kind: {} for kind in Kind}
        self._next_id = 900_000
        self.merge_ids = "all"

    def find(self, kind: Kind, id_: str) -> Record | None:
        """By its id or one it had before a merge; None when archived or never there."""
        record = self._by_id[kind].get(id_)
        return None if record is None or record.archived else record

    def is_archived(self, kind: Kind, id_: str) -> bool:
        record = self._by_id[kind].get(id_)
        return record is not None and record.archived

    def need(self, kind: Kind, id_: str) -> Record:
        record = self.find(kind, id_)
        if record is None:
            raise KeyError(f"no {kind} {id_}")
        return record

    def all(self, kind: Kind) -> Iterator[Record]:
        """Each living record once, by ascending id, as a search with ``hs_object_id`` gives."""
        ids = sorted(self._by_id[kind], key=lambda id_: (len(id_), id_))
        for id_ in ids:
            record = self._by_id[kind][id_]
            if record.id == id_ and not record.archived:
                yield record

    def add(self, kind: Kind, id_: str, properties: Mapping[str, str | None]) -> Record:
        if id_ in self._by_id[kind]:
            raise ValueError(f"{kind} {id_} is there already")
        record = self._by_id[kind][id_] = Record(kind, id_, self._now())
        self.change(record, properties, source="IMPORT", source_id="seed")
        return record

    def change(
        self,
        record: Record,
        changes: Mapping[str, str | None],
        *,
        source: str = OURS[0],
        source_id: str = OURS[1],
        user_id: str = "",
    ) -> None:
        """As HubSpot does it: writing the value that is there makes no version and no news."""
        at = self._now()
        for key, value in changes.items():
            if record.properties.get(key) == value:
                continue
            record.properties[key] = value
            version = Version(
                value=value or "", at=at, source=source, source_id=source_id, user_id=user_id
            )
            record.versions.setdefault(key, []).append(version)
            record.modified_at = at
            record.view = None
            if record.kind is Kind.EXAM:  # its bookings show what describes the session
                self._forget_views(record)

    def link(self, booking: Record, other: Record) -> None:
        if other not in booking.links.setdefault(other.kind, []):
            booking.links[other.kind].append(other)
            other.links.setdefault(Kind.BOOKING, []).append(booking)
        booking.view = None

    def unlink(self, booking: Record, other: Record) -> None:
        booking.links[other.kind].remove(other)
        other.links[Kind.BOOKING].remove(booking)
        booking.view = None

    def archive(self, record: Record) -> None:
        record.archived = True
        self._forget_views(record)

    def forget(self, record: Record) -> None:
        """Not even in the recycling bin; its bookings stay, without it."""
        for id_ in (record.id, *record.former_ids):
            del self._by_id[record.kind][id_]
        for booking in record.links.pop(Kind.BOOKING, []):
            booking.links[record.kind].remove(record)
        self._forget_views(record)

    def restore(self, record: Record) -> None:
        record.archived = False
        self._forget_views(record)

    def merge(self, kind: Kind, primary_id: str, other_id: str) -> str:
        """Two records become a new one, or the primary; every old id finds it from now on.

        `merge_ids` says of which kinds a merge makes a new one: "all", "contacts" or none: "kept".
        The primary's values stay, and the other's fill what it lacks. What is lost of the
        other's balances remains in the history.
        """
        primary, other = self.need(kind, primary_id), self.need(kind, other_id)
        merged = primary
        if self.merge_ids == "all" or (self.merge_ids == "contacts" and kind is Kind.CONTACT):
            self._next_id += 1
            merged = Record(kind, str(self._next_id), self._now())
        former = {primary.id, other.id, *primary.former_ids, *other.former_ids} - {merged.id}
        self._join_versions(merged, primary, other)
        merged.properties = {**_filled(other), **_filled(primary)}
        merged.created_at = min(primary.created_at, other.created_at)
        merged.modified_at = self._now()
        merged.former_ids = tuple(sorted(former))
        self._move_links(merged, primary, other)
        for id_ in (merged.id, *merged.former_ids):
            self._by_id[kind][id_] = merged
        self._forget_views(merged)
        return merged.id

    def _move_links(self, merged: Record, primary: Record, other: Record) -> None:
        for old in (primary, other):
            if old is merged:
                continue
            for end in [end for ends in old.links.values() for end in ends]:
                if old.kind is Kind.BOOKING:
                    self.unlink(old, end)
                    self.link(merged, end)
                else:
                    self.unlink(end, old)
                    self.link(end, merged)

    def _join_versions(self, merged: Record, primary: Record, other: Record) -> None:
        values = {**_filled(other), **_filled(primary)}
        joined = {}
        for key in {**primary.versions, **other.versions}:
            both = [*other.versions.get(key, ()), *primary.versions.get(key, ())]
            now = Version(value=values.get(key) or "", at=self._now(), source="MERGE_OBJECTS")
            joined[key] = [*sorted(both, key=lambda version: version.at), now]
        merged.versions = joined

    @staticmethod
    def _forget_views(record: Record) -> None:
        record.view = None
        for booking in record.links.get(Kind.BOOKING, ()):
            booking.view = None


def _filled(record: Record) -> dict[str, str | None]:
    return {key: value for key, value in record.properties.items() if value}
