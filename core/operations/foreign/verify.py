"""Verifying: each landed write is compared with HubSpot's history (section 6, step 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.credits.catalogue import Catalogue, UnreadableValue, parse_count
from core.credits.records import MARKER, History, Kind, WriteId
from core.credits.writes import Write, WriteState
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.desks.rules import met_another_desk
from core.operations.foreign import audit_entries
from core.operations.foreign.changes import (
    NOTHING,
    Conflict,
    ForeignWrite,
    Known,
    Unverifiable,
    find_foreign_writes,
    marked_by,
)
from core.operations.foreign.when_to_look import moved_since, next_look
from core.operations.leftovers import UNCHECKED
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.store.port import OperationStore

#: Records at a time: several of HubSpot's batches, so that they go at once.
VERIFY_BATCH = 500
#: Our writes of one record that are looked through for those in its history.
OURS_MAX = 200
CLEAN = "clean"
MET = "foreign write"


@dataclass(slots=True)
class Compared:
    """What was found of some writes, before it is saved."""

    verified: dict[WriteId, str] = field(default_factory=dict)
    foreign: list[ForeignWrite] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WriteVerification:
    """Reads raise ``GatewayError``; what was not compared stays due."""

    crm: CrmLookUp
    journal: OperationStore
    catalogue: Catalogue
    now: Callable[[], datetime]

    def verify(self, operation_id: str) -> None:
        """Compare every write of the operation that was not compared yet."""
        while records := self.journal.unverified(operation_id, VERIFY_BATCH):
            asked = self.now()
            self.save(records, self.compare(records), at=asked)

    def moved(self, records: Sequence[WriteRecord]) -> list[WriteRecord]:
        """Those whose record may have changed since they were compared: one cheap read for all."""
        found = []
        for kind, some in _by_kind(records):
            targets = self.crm.counted(kind, {r.write.target_id for r in some})
            found += [
                r
                for r in some
                if moved_since(r.write, targets[r.write.target_id], r.verified_at)
                or (r.verified or "").startswith(UNCHECKED)
            ]
        return found

    def compare(self, records: Sequence[WriteRecord]) -> Compared:
        """By the histories of their counters, all of them: one app may set several at once."""
        found = Compared()
        of = dict(_by_kind(records))
        with self.crm.reads_at_once() as reads:
            reading = {kind: reads.submit(self._histories, kind, some) for kind, some in of.items()}
        for kind, some in of.items():
            histories = reading[kind].result()
            later = {r.write.target_id for r in some if _moved_on(r.write, histories)}
            known = self._known(kind, later)
            for record in some:
                id_ = record.write.target_id
                _compare(record.write, histories.get(id_), known.get(id_, NOTHING), found)
            self._set_apart(histories, found)
        return found

    def _histories(self, kind: Kind, records: Sequence[WriteRecord]) -> dict[str, History | None]:
        keys = sorted({key for r in records for key in r.write.after})
        if kind is Kind.CONTACT:
            keys = list(self.catalogue.keys)
        return self.crm.histories(kind, {r.write.target_id for r in records}, keys)

    def _set_apart(self, histories: Mapping[str, History | None], found: Compared) -> None:
        """What another desk wrote is unclear: it may have given the very same credit.

        What it wrote before a takeover counts as anybody else's change.
        """
        marked = [
            (one, marked_by(one, histories.get(one.target_id) or {})) for one in found.foreign
        ]
        markers = {marker for _, marker in marked if marker}
        unknown = markers - self.journal.known_writes(markers) if markers else markers
        takeovers = self.journal.takeovers() if unknown else []
        found.foreign = [
            replace(one, conflict=Conflict.UNCLEAR, evidence=met_another_desk(one, marker))
            if marker in unknown and not (takeovers and one.at <= takeovers[0].at)
            else one
            for one, marker in marked
        ]

    def save(
        self,
        records: Sequence[WriteRecord],
        found: Compared,
        *,
        at: datetime,
        again: datetime | None = None,
    ) -> None:
        """Keep it. ``at``: when HubSpot was asked; ``again``: when to look next at all of them."""
        looks: dict[WriteId, datetime] = {}
        for record in records:
            checked = not found.verified[record.write.id].startswith(UNCHECKED)
            look = again or next_look(record.write.sent_at, at, checked=checked)
            if look is not None:
                looks[record.write.id] = look
        operations = {r.write.id: r.write.operation_id for r in records}
        entries = [
            audit_entries.found(each, operations[each.write_id], at) for each in found.foreign
        ]
        self.journal.record_verified(
            found.verified, found.foreign, at=at, again=looks, entries=entries
        )

    def _known(self, kind: Kind, ids: Collection[str]) -> dict[str, Known]:
        """Our writes of these records, by any operation."""
        if not ids:
            return {}
        records = self.journal.writes_of(kind, ids, limit=OURS_MAX * len(ids))
        of: dict[str, list[WriteRecord]] = {id_: [] for id_ in ids}
        for record in records:
            of[record.write.target_id].append(record)
        return {
            id_: Known(
                {r.write.id: r.write for r in some if r.state is WriteState.LANDED},
                frozenset(r.write.id for r in some if r.state is WriteState.VOID),
            )
            for id_, some in of.items()
        }


def _by_kind(records: Sequence[WriteRecord]) -> Iterator[tuple[Kind, list[WriteRecord]]]:
    for kind in dict.fromkeys(record.write.kind for record in records):
        yield kind, [record for record in records if record.write.kind is kind]


def _moved_on(write: Write, histories: Mapping[str, History | None]) -> bool:
    """Whether a marker was written after ours, so that the later ones may be ours as well."""
    markers = (histories.get(write.target_id) or {}).get(MARKER, ())
    return bool(markers) and markers[0].value != write.id


def _compare(write: Write, history: History | None, known: Known, found: Compared) -> None:
    try:
        foreign = _foreign(write, history, known)
    except Unverifiable as error:
        found.verified[write.id] = f"{UNCHECKED}: {error}"
    else:
        found.verified[write.id] = MET if foreign else CLEAN
        found.foreign += foreign


def _foreign(write: Write, history: History | None, known: Known) -> tuple[ForeignWrite, ...]:
    if history is None:
        raise Unverifiable(f"the history of {write.target_id} cannot be read")
    return find_foreign_writes(write, history, _count, known)


def _count(raw: str) -> int | None:
    try:
        return parse_count(raw)
    except UnreadableValue:
        return None
