"""Comparing: some records on both sides, and why those differ that do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from core.credits.account import PROPERTIES
from core.credits.catalogue import Catalogue, CreditType
from core.credits.records import MARKER, Booking, BookingId, ContactId, Counted, History, Kind
from core.drift.causes import Cause
from core.drift.differences import Drift, Evidence, Stated, ahead, newer_in_mirror, suspects
from core.drift.explain import explain
from core.drift.store.port import DriftStore
from core.hubspot.ports.crm import SETTLING, Crm
from core.mirror.by_parts import by_parts, told
from core.mirror.port import Mirror
from core.mirror.rows import CONTACT_OF, ID, SOURCE_TIME, Row, columns, record_row
from core.mirror.store.outbox_port import Due

T = TypeVar("T")

#: Both sides of a suspect are read again so often, when the mirror shows a later version.
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison of some records came to."""

    compared: int
    #: Of them: rows that the mirror lacked, and that were made of what was just listed.
    copied: int = 0
    #: Credit type to the credits that HubSpot has on these contacts; empty of other kinds.
    balances: Mapping[CreditType, int] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    #: Being written or about to be copied at that moment.
    left_alone: tuple[str, ...] = ()
    #: Those of them whose copy is due.
    due: frozenset[str] = frozenset()
    #: The mirror's rows of those that drift, as they were compared.
    held: Mapping[str, Row] = field(default_factory=dict)
    #: HubSpot's own time of those whose row claims a later version, which no copy overwrites.
    ahead: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Sides:
    """Both sides of the suspects, read so that no copy falls between them unseen."""

    truth: dict[str, Stated] = field(default_factory=dict)
    waiting: dict[str, Due] = field(default_factory=dict)
    writing: set[str] = field(default_factory=set)
    mirror: dict[str, Row] = field(default_factory=dict)
    #: Changed between one look and the next, as often as was looked.
    moving: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Reads both stores and the journal; changes nothing."""

    crm: Crm
    mirror: Mirror
    journal: DriftStore
    catalogue: Catalogue
    now: Callable[[], datetime]
    #: ``source_id`` of the desk's own app in HubSpot, if it is known.
    ours: frozenset[str] = frozenset()
    #: The school's, by whose clock times are compared.
    zone: tzinfo = UTC

    def compare(
        self,
        kind: Kind,
        ids: Collection[str],
        held: Mapping[str, Row] | None = None,
        *,
        listed: Mapping[str, Counted | Booking] | None = None,
        made_by_merge: Collection[str] = (),
    ) -> Compared:
        """Every one of these ids, on both sides.

        ``held``, ``listed``: rows of the mirror and records of HubSpot that were read already.
        What differs by them is read again, from both.

        A record that cannot be compared, for whatever value, is a drift for a person to mend: it
        keeps no other record from being compared.

        Raises:
            GatewayError: one of the stores cannot be read.
        """

        def some(part: Sequence[str]) -> Compared:
            return self._compare(kind, part, held, listed, made_by_merge)

        parts, odd = by_parts(list(ids), some, self.reachable)
        drifts = [drift for part in parts for drift in part.drifts]
        drifts += [self._incomparable(kind, id_, error) for id_, error in odd]
        order = {id_: n for n, id_ in enumerate(ids)}
        return Compared(
            compared=sum(part.compared for part in parts),
            balances=sum((Counter(part.balances) for part in parts), Counter()),
            drifts=tuple(sorted(drifts, key=lambda drift: order[drift.record_id])),
            left_alone=tuple(sorted(id_ for part in parts for id_ in part.left_alone)),
            due=frozenset().union(*(part.due for part in parts)),
            held={id_: row for part in parts for id_, row in part.held.items()},
            ahead={id_: at for part in parts for id_, at in part.ahead.items()},
        )

    def reachable(self) -> None:
        """Raises ``GatewayError`` when one of the stores does not answer."""
        self.crm.contacts([ContactId("1")])
        self.mirror.rows(Kind.CONTACT, ["1"])

    def _incomparable(self, kind: Kind, id_: str, error: Exception) -> Drift:
        return Drift(
            kind=kind,
            record_id=id_,
            cause=Cause.UNREADABLE_VALUE,
            columns=(),
            truth={},
            mirror={},
            evidence=f"it cannot be compared: {told(error)}",
            since=self.now(),
        )

    def _compare(
        self,
        kind: Kind,
        ids: Sequence[str],
        held: Mapping[str, Row] | None,
        listed: Mapping[str, Counted | Booking] | None,
        made_by_merge: Collection[str],
    ) -> Compared:
        if held is None:
            held = self.mirror.rows(kind, list(ids))
        names = columns(self.catalogue)[kind]
        truth = self.known(kind, ids, listed or {})
        balances = self.balances(truth) if kind is Kind.CONTACT else {}
        doubtful = self._to_be_kept(kind, suspects(ids, truth, held, names, self.zone), truth, held)
        if not doubtful:
            return Compared(compared=len(ids), balances=balances)
        sides = self._again(kind, doubtful, names)
        alone = {id_ for id_ in doubtful if self._busy(kind, id_, sides)}
        rest = [id_ for id_ in doubtful if id_ not in alone]
        wrong = suspects(rest, sides.truth, sides.mirror, names, self.zone)
        drifts = self._explained(kind, wrong, sides, made_by_merge)
        return Compared(
            compared=len(ids) - len(alone),
            balances=balances,
            drifts=tuple(drifts),
            left_alone=tuple(sorted(alone)),
            due=frozenset(id_ for id_ in alone if _is_due(id_, sides)),
            held={id_: sides.mirror[id_] for id_ in wrong if id_ in sides.mirror},
            ahead={
                id_: str(sides.truth[id_].row[SOURCE_TIME])
                for id_ in wrong
                if id_ in sides.truth
                and id_ in sides.mirror
                and ahead(sides.truth[id_].row, sides.mirror[id_])
            },
        )

    def balances(self, truth: Mapping[str, Stated]) -> dict[CreditType, int]:
        """All credits of these contacts.

        Each contact under its own id alone: HubSpot answers for merged ones with another.
        """
        rows = [stated.row for id_, stated in truth.items() if stated.row[ID] == id_]
        return {
            credit: sum(held for row in rows if isinstance(held := row.get(credit), int))
            for credit in self.catalogue.keys
        }

    def _to_be_kept(
        self,
        kind: Kind,
        ids: Sequence[str],
        truth: Mapping[str, Stated],
        held: Mapping[str, Row],
    ) -> list[str]:
        """Without contacts that have no row because the table asks for what they lack."""
        if all(id_ in held or id_ not in truth for id_ in ids):
            return list(ids)
        required = self.mirror.required(kind)
        return [
            id_
            for id_ in ids
            if id_ in held or id_ not in truth or all(truth[id_].row.get(name) for name in required)
        ]

    def knows(self, kind: Kind, id_: str) -> bool:
        """Whether either store has it.

        Raises:
            GatewayError: one of the stores cannot be read.
        """
        return bool(self.mirror.rows(kind, [id_]) or self._truth(kind, [id_]))

    def known(
        self, kind: Kind, ids: Sequence[str], listed: Mapping[str, Counted | Booking]
    ) -> dict[str, Stated]:
        """What was listed as it was listed; of the others what HubSpot says now, absent when gone.

        Raises:
            GatewayError: HubSpot cannot be read.
        """
        rest = [id_ for id_ in ids if id_ not in listed]
        return {**self._each_stated(ids, listed), **(self._truth(kind, rest) if rest else {})}

    def _truth(self, kind: Kind, ids: Collection[str]) -> dict[str, Stated]:
        """By the id asked for; absent when gone."""
        return self._each_stated(ids, self.records(kind, ids))

    def records(self, kind: Kind, ids: Collection[str]) -> Mapping[str, Counted | Booking]:
        """What HubSpot has now, by the id asked for; absent when gone.

        Raises:
            GatewayError: HubSpot cannot be read.
        """
        if kind is Kind.BOOKING:
            bookings = self.crm.bookings([BookingId(id_) for id_ in ids])
            return {str(id_): booking for id_, booking in bookings.items() if booking}
        counted = self.crm.counted(kind, ids)
        return {id_: record for id_, record in counted.items() if record}

    def _each_stated(
        self, ids: Collection[str], records: Mapping[str, Counted | Booking]
    ) -> dict[str, Stated]:
        return {
            id_: _stated(records[id_], record_row(records[id_], self.catalogue))
            for id_ in ids
            if id_ in records
        }

    def unreadable(self, kind: Kind, stated: Stated, held: Row | None) -> Drift | None:
        """The drift of a record whose row was just made without what could not be read."""
        id_ = str(stated.row[ID])
        sides = _Sides(truth={id_: stated}, mirror={id_: held} if held else {})
        return explain(self._evidence(kind, id_, sides, archived=False, made_by_merge=False))

    def _again(self, kind: Kind, ids: Sequence[str], names: Collection[str]) -> _Sides:
        """Truth, journal, mirror, in this order.

        A write that the truth showed is then open, due, or copied before the mirror is read. A
        mirror row later than the truth that was read asks for the truth once more.
        """
        sides, pending = _Sides(), list(ids)
        for _ in range(ROUNDS):
            before = sides.truth
            sides.truth = _updated(sides.truth, pending, self._truth(kind, pending))
            open_writes = self.journal.open_writes(kind=kind, ids=pending)
            sides.writing |= {write.target_id for write in open_writes}
            sides.waiting |= self.journal.waiting(kind, pending)
            sides.mirror = _updated(sides.mirror, pending, self.mirror.rows(kind, pending))
            wrong = suspects(pending, sides.truth, sides.mirror, names, self.zone)
            pending = [id_ for id_ in wrong if _late(sides.truth.get(id_), sides.mirror.get(id_))]
            sides.moving = {id_ for id_ in pending if sides.truth.get(id_) != before.get(id_)}
            if not pending:
                break
        return sides

    def _busy(self, kind: Kind, id_: str, sides: _Sides) -> bool:
        """Whether the desk is just writing or copying it."""
        if id_ in sides.writing or id_ in sides.moving or _is_due(id_, sides):
            return True
        stated = sides.truth.get(id_)
        return stated is not None and self.settling(kind, stated)

    def settling(self, kind: Kind, stated: Stated) -> bool:
        """A booking whose contact and exam may not be tied to it yet."""
        if kind is not Kind.BOOKING:
            return False
        changed = datetime.fromisoformat(str(stated.row["source_modified_at"]))
        return self.now() - changed < SETTLING

    def unlike(self, kind: Kind, truth: Mapping[str, Stated], held: Mapping[str, Row]) -> list[str]:
        """Those of these records that the mirror's rows do not tell alike, or not whole."""
        return suspects(truth, truth, held, columns(self.catalogue)[kind], self.zone)

    def _explained(
        self, kind: Kind, ids: Sequence[str], sides: _Sides, made_by_merge: Collection[str]
    ) -> list[Drift]:
        gone = [id_ for id_ in ids if id_ not in sides.truth]
        archived = self.crm.archived_ids(kind, gone) if gone else set[str]()
        evidence = [
            self._evidence(
                kind, id_, sides, archived=id_ in archived, made_by_merge=id_ in made_by_merge
            )
            for id_ in ids
        ]
        histories = self._histories(kind, evidence)
        merged = self._of_merged_contacts(evidence) if kind is Kind.BOOKING else set[str]()
        found = (
            explain(
                replace(
                    each,
                    history=histories.get(each.record_id),
                    contact_merged=each.record_id in merged,
                ),
                self.catalogue.keys,
            )
            for each in evidence
        )
        return [drift for drift in found if drift is not None]

    def _of_merged_contacts(self, all_: Sequence[Evidence]) -> set[str]:
        """Bookings whose contact in the mirror is the truth's by the id of before a merge."""
        pairs = {
            each.record_id: (str(each.mirror.get(CONTACT_OF)), each.truth.row.get(CONTACT_OF))
            for each in all_
            if each.mirror and each.truth and each.mirror.get(CONTACT_OF)
        }
        old = {before for before, after in pairs.values() if before != after}
        contacts = self.crm.contacts([ContactId(id_) for id_ in sorted(old)]) if old else {}
        now = {str(id_): contact.id for id_, contact in contacts.items() if contact}
        return {id_ for id_, (before, after) in pairs.items() if now.get(before) == after}

    def _evidence(
        self, kind: Kind, id_: str, sides: _Sides, *, archived: bool, made_by_merge: bool
    ) -> Evidence:
        dead = sides.waiting.get(id_)
        return Evidence(
            kind=kind,
            record_id=id_,
            read_at=self.now(),
            truth=sides.truth.get(id_),
            mirror=sides.mirror.get(id_),
            failed=(dead.error or "it failed for good") if dead else "",
            failed_since=dead.due_since if dead else None,
            archived=archived,
            made_by_merge=made_by_merge,
            ours=self.ours,
            zone=self.zone,
        )

    def _histories(self, kind: Kind, all_: Sequence[Evidence]) -> dict[str, History | None]:
        """Of what is there on both sides: who changed the columns that differ."""
        both = [each for each in all_ if each.truth is not None and each.mirror is not None]
        drifts = [drift for each in both if (drift := explain(each))]
        kept = {*PROPERTIES[kind], *(self.catalogue.keys if kind is Kind.CONTACT else ())}
        keys = sorted({name for drift in drifts for name in drift.columns} & kept)
        if not keys:
            return {}
        return self.crm.histories(kind, [drift.record_id for drift in drifts], keys)


def _is_due(id_: str, sides: _Sides) -> bool:
    """In the outbox, and not given up."""
    due = sides.waiting.get(id_)
    return due is not None and not due.dead


def _stated(record: Counted | Booking, row: Row) -> Stated:
    """With what could not be read: counters, and all that stands in a column of its own."""
    counters = record.unreadable if isinstance(record, Counted) else {}
    unclear = {key: why for key, why in record.unclear.items() if key != MARKER}
    return Stated(row=row, unreadable={str(key): why for key, why in counters.items()} | unclear)


def _updated(held: dict[str, T], ids: Collection[str], read: Mapping[str, T]) -> dict[str, T]:
    """As read now; what is gone since is gone."""
    fresh = set(ids)
    return {**{id_: one for id_, one in held.items() if id_ not in fresh}, **read}


def _late(stated: Stated | None, held: Row | None) -> bool:
    return stated is not None and held is not None and newer_in_mirror(stated, held)
