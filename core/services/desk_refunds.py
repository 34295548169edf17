"""Whether a desk that this one took over from has given a credit that we are about to give."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.credits import Catalogue, CreditType, UnreadableValue
from core.domain.desk_refunds import gives_credits, hides_writes, is_explained
from core.domain.double_refunds import BalanceChange, Evidence, cancelled_by
from core.domain.operations import Ruling
from core.domain.records import MARKER, Booking, Counted, History, ItemKey, Kind
from core.domain.writes import MovementKind
from core.gateways.ports import Crm, Journal

#: Whether it gave the credit and died before its mark, HubSpot alone does not tell.
MAY_BE_ITS_CREDIT = "that may have been its credit: no mark on a booking stands for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A booking that was cancelled before the takeover, and its student."""

    booking_id: ItemKey
    credit: CreditType
    target: Counted
    cancelled: datetime


@dataclass(frozen=True, slots=True)
class DeskRefunds:
    """Costs nothing where there was no takeover, or no other desk ever wrote the student."""

    crm: Crm
    journal: Journal
    catalogue: Catalogue

    def doubts(
        self, targets: Mapping[str, Counted], found: Mapping[str, Sequence[Evidence]]
    ) -> dict[ItemKey, str]:
        """Why such a desk may have refunded some of these already. ``found``: by the id asked for.

        Raises:
            GatewayError, JournalError: nothing is known.
        """
        takeovers = self.journal.takeovers()
        if not takeovers:
            return {}
        until = takeovers[0].at
        asked = _asked(targets, found, until)
        if not asked:
            return {}
        keys = sorted({one.credit for one in asked})
        histories = self.crm.histories(Kind.CONTACT, {one.target.id for one in asked}, keys)
        ours = self._ours(histories)
        doubts: dict[ItemKey, str] = {}
        rises: list[tuple[_Asked, Sequence[BalanceChange]]] = []
        for one in asked:
            told = _rises(one, histories.get(one.target.id), until, ours)
            if isinstance(told, str):
                doubts[one.booking_id] = f"{self._label(one)}: {told}"
            elif told:
                rises.append((one, told))
        return doubts | self._unexplained(rises, until)

    def _ours(self, histories: Mapping[str, History | None]) -> set[str]:
        marks = {
            version.value
            for history in histories.values()
            for version in (history or {}).get(MARKER, ())
        }
        return self.journal.known_writes(marks) if marks else set()

    def _unexplained(
        self, rises: Sequence[tuple[_Asked, Sequence[BalanceChange]]], until: datetime
    ) -> dict[ItemKey, str]:
        """Of those whose student got credits that no mark stands for."""
        if not rises:
            return {}
        of = self.crm.booking_ids_of(Kind.CONTACT, {one.target.id for one, _ in rises})
        bookings = self.crm.bookings({id_ for ids in of.values() for id_ in ids})
        ours = self.journal.claimed(list(bookings), MovementKind.REFUND)
        return {
            one.booking_id: f"{self._label(one)} went {seen}; {MAY_BE_ITS_CREDIT}"
            for one, changes in rises
            if not is_explained(
                changes,
                self._that_spent(one.credit, [bookings[id_] for id_ in of[one.target.id]]),
                cancelled=one.cancelled,
                until=until,
                ours=ours,
            )
            for seen in ["; ".join(map(str, reversed(changes)))]
        }

    def _that_spent(self, credit: CreditType, bookings: Sequence[Booking | None]) -> list[Booking]:
        token = self.catalogue.by_key(credit).token.casefold()
        return [b for b in bookings if b is not None and b.token.strip().casefold() == token]

    def _label(self, one: _Asked) -> str:
        return self.catalogue.by_key(one.credit).label


def _asked(
    targets: Mapping[str, Counted], found: Mapping[str, Sequence[Evidence]], until: datetime
) -> list[_Asked]:
    """Those that another desk may have refunded: cancelled before the takeover, not decided on."""
    return [
        _Asked(booking_id=each.item.booking_id, credit=credit, target=target, cancelled=cancel.at)
        for id_, target in targets.items()
        if target.marker
        for each in found[id_]
        if (credit := each.item.credit) is not None and each.item.ruling is not Ruling.OWED
        if (cancel := cancelled_by(each.history)) is not None
        and cancel.at <= min(until, target.modified_at)
    ]


def _rises(
    one: _Asked, history: History | None, until: datetime, ours: Collection[str]
) -> Sequence[BalanceChange] | str:
    """What raised the balance, if another desk is among it; or why that cannot be told."""
    if history is None:
        return "its history cannot be read, and another desk may have refunded it"
    if hides_writes(history, one.credit, cancelled=one.cancelled, until=until, ours=ours):
        return "another desk wrote this student, who was merged since: it may have refunded it"
    try:
        return gives_credits(
            history,
            one.credit,
            cancelled=one.cancelled,
            until=until,
            created_at=one.target.created_at,
            ours=ours,
        )
    except UnreadableValue as error:
        return f"its history cannot be read ({error}), and another desk may have refunded it"
