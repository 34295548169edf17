"""Owed check: what speaks against refunding cancelled bookings that bear no refund mark.

In this order: that its credit was kept on purpose, a person's decision on the booking, the adoption
baseline, the history of the student's balance near the cancellation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from core.credits.catalogue import Catalogue, CreditType, UnreadableValue
from core.credits.records import (
    MARKER,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    History,
    ItemKey,
    Kind,
)
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import Crm
from core.operations.owed.double_refunds import (
    MERGED,
    BalanceChange,
    by_whom,
    cancelled_by,
    changes_by_others,
    is_ours,
)
from core.operations.owed.given_back import NEAR, BalanceEvidence, Cancelled, given_back
from core.operations.owed.rules import STATUS, NotOwed, Owed, longest_first, owed, spent
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.plans import spent_nothing
from core.operations.store.port import OperationStore
from core.operations.verdicts import Why

NO_HISTORY = "HubSpot does not give the history of its status"
NO_BALANCES = "HubSpot does not give the history of the student's balance"
MERGED_CANCEL = "it was merged with another booking, which hides when it was cancelled"
MERGED_SINCE = "the student was merged since, which hides who changed the balance before"


@dataclass(frozen=True, slots=True)
class _Account:
    """The unmarked cancelled bookings of one student that spent one kind of credit."""

    contact_id: ContactId
    credit: CreditType


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRead:
    """One student as read already, so that it is not read again."""

    contact: Contact
    #: Of every credit.
    history: History | None
    #: All of the student's.
    bookings: Sequence[Booking]


T = TypeVar("T")
#: By the id that a booking has now, every id that it answers to.
Ids = Mapping[BookingId, Sequence[BookingId]]
#: Bookings of each account, with when they were cancelled.
_ByAccount = Mapping[_Account, Sequence[Cancelled]]


@dataclass(frozen=True, slots=True)
class OwedCheck:
    """Reads only. For n bookings of s students: a history read for each 50 bookings and one for
    each 50 students; of students to whom others gave credits, their other bookings as well.
    """

    crm: Crm
    journal: OperationStore
    catalogue: Catalogue

    def of(
        self,
        bookings: Iterable[Booking | None],
        read: StudentRead | None = None,
        *,
        kept_too: bool = False,
    ) -> list[Owed]:
        """Those of these bookings that are cancelled, spent a credit and were not refunded here.

        ``read``: the one student of all of them. ``kept_too``: judge those whose credit was kept
        on purpose as all others, for it is to be given back on purpose.

        Raises:
            GatewayError, JournalError: nothing is known.
        """
        candidates = [booking for booking in bookings if booking is not None]
        ids = ids_of(candidates)
        if not ids:
            return []
        moved = self.journal.claimed(list(ids), MovementKind.REFUND)
        taken_back = of_any_id(self.journal.taken_back, ids)
        found = owed(candidates, moved, taken_back, self.catalogue)
        return self._checked(found, read, kept_too=kept_too) if found else []

    def why_never_owed(self, booking: Booking | None) -> str:
        """Why this booking is none of those that may be owed, in the words of a refund."""
        if booking is None:
            return Why.NOT_FOUND
        if booking.status is not BookingStatus.CANCELLED:
            return Why.NOT_CANCELLED
        if booking.refunded:
            return Why.ALREADY_REFUNDED
        return Why.NO_TOKEN if spent_nothing(booking) else Why.CLAIMED

    def _checked(
        self, found: Sequence[Owed], read: StudentRead | None, *, kept_too: bool
    ) -> list[Owed]:
        """The same, each with what speaks against it and since when; longest first."""
        ids = ids_of(one.booking for one in found)
        decisions = decisions_on(self.journal, ids)
        baseline = self.journal.baseline()
        doubts = self._had_by_others(ids)
        marked = [_kept(one, one.booking.forfeited, kept_too=kept_too) for one in found]
        marked = [
            replace(one, doubt=doubts[id_]) if (id_ := one.booking.id) in doubts else one
            for one in marked
        ]
        told = [by_word(one, decisions.get(one.booking.id), baseline) for one in marked]
        open_ = [one for one in told if one.not_owed is None]
        dated = self._dated(open_, baseline, kept_too=kept_too)
        open_ = [one for one in dated.values() if _needs_evidence(one)]
        said = self._evidence(open_, read)
        return longest_first(
            _with(dated.get(one.booking.id, one), said.get(one.booking.id)) for one in told
        )

    def _dated(
        self, found: Sequence[Owed], baseline: Baseline | None, *, kept_too: bool
    ) -> dict[BookingId, Owed]:
        """Since their cancellation, judged by whose it was and by the baseline."""
        histories = self._statuses([one.booking.id for one in found])
        ids = ids_of(one.booking for one in found)
        kept = kept_by(self.journal, histories, ids) if histories else {}
        return {
            one.booking.id: dated(
                _kept(one, kept.get(one.booking.id, ""), kept_too=kept_too),
                histories[one.booking.id],
                baseline,
            )
            for one in found
        }

    def _had_by_others(self, ids: Ids) -> dict[BookingId, str]:
        """Of which another id's credit is given back already, or is under way: a person decides.

        A decision on the booking under the id that it has now stands over it.
        """
        owners = of_any_id(
            lambda asked: self.journal.owners(asked, MovementKind.REFUND),
            {own: [id_ for id_ in every if id_ != own] for own, every in ids.items()},
        )
        if not owners:
            return {}
        decided = self.journal.owed_decisions(list(owners))
        return {
            own: f"a booking that was merged into it has its credit by operation {by}"
            for own, by in owners.items()
            if own not in decided
        }

    def _evidence(
        self, found: Sequence[Owed], read: StudentRead | None
    ) -> dict[BookingId, BalanceEvidence]:
        """What the balances' histories say of each, whichever others were asked for with it."""
        of: dict[_Account, list[Cancelled]] = {}
        for one in found:
            if one.contact_id is not None and one.credit is not None:
                cancelled = Cancelled(booking_id=one.booking.id, at=one.since)
                of.setdefault(_Account(one.contact_id, one.credit), []).append(cancelled)
        if not of:
            return {}
        histories = self._histories(of, read)
        changes, said = self._changes(of, histories, read)
        risen = {account for account, some in changes.items() if any(c.by > 0 for c in some)}
        contacts = {account.contact_id for account in risen}
        others = self._bookings_of(contacts, read) if contacts else []
        asked = {one.booking.id for one in found}
        marks, siblings = self._explaining([one for one in others if one.id not in asked])
        for account, some in changes.items():
            label = self.catalogue.by_key(account.credit).label
            bookings = [*of[account], *siblings.get(account, ())]
            said |= given_back(bookings, some, marks.get(account, ()), label)
        return {id_: told for id_, told in said.items() if id_ in asked}

    def _histories(self, of: _ByAccount, read: StudentRead | None) -> Mapping[str, History | None]:
        if read is not None:
            return {account.contact_id: read.history for account in of}
        keys = sorted({account.credit for account in of})
        return self.crm.histories(Kind.CONTACT, {a.contact_id for a in of}, keys)

    def _changes(
        self, of: _ByAccount, histories: Mapping[str, History | None], read: StudentRead | None
    ) -> tuple[dict[_Account, Sequence[BalanceChange]], dict[BookingId, BalanceEvidence]]:
        """What others did to each balance; of those that cannot be told, why for each booking."""
        made = self._made(of, histories, read)
        ours = self._ours(histories)
        changes: dict[_Account, Sequence[BalanceChange]] = {}
        said: dict[BookingId, BalanceEvidence] = {}
        for account, bookings in of.items():
            since = _first(bookings)
            history = histories.get(account.contact_id)
            told = _unreadable(history, account.credit, since)
            if history is not None and not told:
                try:
                    changes[account] = changes_by_others(
                        history,
                        account.credit,
                        since=since,
                        created_at=made.get(account.contact_id),
                        ours=ours,
                    )
                    continue
                except UnreadableValue as error:
                    told = f"{NO_BALANCES} as a number ({error})"
            said |= {one.booking_id: BalanceEvidence(doubt=told) for one in bookings}
        return changes, said

    def _made(
        self, of: _ByAccount, histories: Mapping[str, History | None], read: StudentRead | None
    ) -> dict[str, datetime | None]:
        """When contacts were made whose history begins after the first of these cancels."""
        if read is not None:
            return {read.contact.id: read.contact.created_at}
        young = {
            account.contact_id
            for account, bookings in of.items()
            if (versions := (histories.get(account.contact_id) or {}).get(account.credit))
            and versions[-1].at >= _first(bookings)
        }
        found = self.crm.counted(Kind.CONTACT, young) if young else {}
        return {id_: one.created_at for id_, one in found.items() if one is not None}

    def _ours(self, histories: Mapping[str, History | None]) -> set[str]:
        marks = {
            version.value
            for history in histories.values()
            for version in (history or {}).get(MARKER, ())
        }
        return self.journal.known_writes(marks) if marks else set()

    def _bookings_of(
        self, contacts: Collection[ContactId], read: StudentRead | None
    ) -> list[Booking]:
        """Each with its one student."""
        if read is not None:
            return list(read.bookings)
        of = self.crm.booking_ids_of(Kind.CONTACT, contacts)
        owner = {id_: ContactId(who) for who, ids in of.items() for id_ in ids}
        found = self.crm.bookings_alone(owner) if owner else {}
        return [replace(one, contact_ids=(owner[id_],)) for id_, one in found.items() if one]

    def _explaining(
        self, bookings: Sequence[Booking]
    ) -> tuple[dict[_Account, list[datetime]], dict[_Account, list[Cancelled]]]:
        """What else explains a credit, of bookings whose own credit is not asked for.

        When others marked them refunded, or cancelled what is settled: that credit may be theirs.
        And those cancelled without a mark. One that a person calls owed explains none.
        """
        cancelled = [one for one in bookings if one.status is BookingStatus.CANCELLED]
        ids = ids_of(cancelled)
        refunded = of_any_id(lambda a: self.journal.owners(a, MovementKind.REFUND), ids)
        others = [one for one in cancelled if one.id not in refunded]
        histories = self._statuses([one.id for one in others if not one.refunded])
        cancels = {id_: cancelled_by(history) for id_, history in histories.items()}
        dates = {id_: cancel.at for id_, cancel in cancels.items() if cancel is not None}
        over = {*settled_by(self.journal, dates, ids), *kept_by(self.journal, histories, ids)}
        over |= {one.id for one in others if one.forfeited}
        over &= dates.keys()
        decisions = decisions_on(self.journal, {id_: ids[id_] for id_ in dates})
        marks: dict[_Account, list[datetime]] = {}
        siblings: dict[_Account, list[Cancelled]] = {}
        for one in others:
            credit = spent(one, self.catalogue)
            if credit is None or one.contact_id is None:
                continue
            account = _Account(one.contact_id, credit)
            if one.refunded and one.refunded_at is not None:
                marks.setdefault(account, []).append(one.refunded_at)
            elif one.id in over:
                marks.setdefault(account, []).append(dates[one.id])
            elif one.id in dates and one.id not in decisions:
                sibling = Cancelled(booking_id=one.id, at=dates[one.id])
                siblings.setdefault(account, []).append(sibling)
        return marks, siblings

    def _statuses(self, ids: Sequence[BookingId]) -> dict[BookingId, History | None]:
        histories = self.crm.histories(Kind.BOOKING, ids, [STATUS]) if ids else {}
        return {id_: histories.get(id_) for id_ in ids}


def ids_of(bookings: Iterable[Booking]) -> dict[BookingId, tuple[BookingId, ...]]:
    """By the id that each has now, every id that it answers to."""
    return {one.id: one.ids for one in bookings}


def of_any_id(
    ask: Callable[[Sequence[BookingId]], Mapping[BookingId, T]], ids: Ids
) -> dict[BookingId, T]:
    """What the journal tells of each booking: under its own id, else under one from before a merge.

    Raises:
        JournalError: the journal does not tell.
    """
    asked = list(dict.fromkeys(id_ for every in ids.values() for id_ in every))
    told = ask(asked) if asked else {}
    found = ((own, [told[id_] for id_ in every if id_ in told]) for own, every in ids.items())
    return {own: some[0] for own, some in found if some}


def decisions_on(journal: OperationStore, ids: Ids) -> dict[BookingId, OwedDecision]:
    """What persons have decided of each booking. A credit that was called owed stays owed.

    Raises:
        JournalError: the journal does not tell.
    """
    asked = [id_ for every in ids.values() for id_ in every]
    told = journal.owed_decisions(asked) if asked else {}
    found = {own: [told[id_] for id_ in every if id_ in told] for own, every in ids.items()}
    return {
        own: told.get(own) or max(some, key=lambda one: one.owed)
        for own, some in found.items()
        if some
    }


def settled_by(
    journal: OperationStore, cancelled: Mapping[BookingId, datetime], ids: Ids
) -> dict[ItemKey, str]:
    """What a person has said against refunding some of these, by when each was cancelled.

    ``ids``: by the id of each, every id that it answers to.

    Raises:
        JournalError: the journal does not tell.
    """
    decisions = decisions_on(journal, {id_: ids[id_] for id_ in cancelled})
    said: dict[ItemKey, str] = {id_: str(one) for id_, one in decisions.items() if not one.owed}
    baseline = journal.baseline()
    if baseline is None:
        return said
    before = [id_ for id_, at in cancelled.items() if at < baseline.before and id_ not in decisions]
    again = of_any_id(journal.taken_back, {id_: ids[id_] for id_ in before})
    return said | {id_: str(baseline) for id_ in before if id_ not in again}


def kept_by(
    journal: OperationStore, histories: Mapping[BookingId, History | None], ids: Ids
) -> dict[BookingId, str]:
    """By whom and why the credits of these cancelled bookings were kept, as the journal knows.

    ``ids``: by the id of each, every id that it answers to.
    It holds as long as the cancellation is the one that kept it, or HubSpot does not tell whose
    it is.

    Raises:
        JournalError: the journal does not tell.
    """
    kept = of_any_id(journal.forfeited, {id_: ids[id_] for id_ in histories})
    return {
        id_: str(one)
        for id_, one in kept.items()
        if (cancel := cancelled_by(histories[id_])) is None
        or is_ours(cancel, histories[id_] or {}, one.operation_id)
    }


def _kept(one: Owed, told: str, *, kept_too: bool) -> Owed:
    """With the word of whoever kept its credit. ``kept_too``: it settles nothing."""
    if not told:
        return one
    one = replace(one, forfeited=told)
    return one if kept_too else replace(one, not_owed=NotOwed.FORFEITED, told=told)


def by_word(one: Owed, decision: OwedDecision | None, baseline: Baseline | None) -> Owed:
    """What persons have said of it, as far as its last change tells."""
    if one.not_owed is not None:
        return one
    if decision is not None:
        one = replace(one, decision=decision)
        if not decision.owed:
            return replace(one, not_owed=NotOwed.DECIDED, told=str(decision))
    return _by_baseline(one, baseline)


def dated(one: Owed, history: History | None, baseline: Baseline | None) -> Owed:
    """Since its cancellation, by whom; judged by the baseline.

    One whose cancellation HubSpot does not tell is left to a person, unless one has decided.
    """
    cancel = cancelled_by(history)
    if cancel is None or cancel.source.startswith(MERGED):
        decided = one.decision is not None or one.taken_back is not None or one.forfeited
        why = NO_HISTORY if cancel is None else MERGED_CANCEL
        return one if decided else replace(one, doubt=one.doubt or why)
    one = replace(one, since=cancel.at, cancelled_by=by_whom(cancel))
    if one.not_owed is not None:
        return one
    return _by_baseline(one, baseline)


def _by_baseline(one: Owed, baseline: Baseline | None) -> Owed:
    """Unless a person said since that it is owed, or an undo of this desk made it so."""
    if baseline is None or one.decision is not None or one.taken_back is not None:
        return one
    if one.since >= baseline.before:
        return one
    return replace(one, not_owed=NotOwed.SETTLED, told=str(baseline))


def _needs_evidence(one: Owed) -> bool:
    return one.not_owed is None and one.decision is None and not (one.unclear or one.doubt)


def _with(one: Owed, found: BalanceEvidence | None) -> Owed:
    if found is None:
        return one
    if found.given:
        return replace(one, not_owed=NotOwed.GIVEN_BACK, told=found.given)
    return replace(one, doubt=found.doubt)


def _first(bookings: Sequence[Cancelled]) -> datetime:
    """From when on a change may be the credit of one of them."""
    return min(one.at for one in bookings) - NEAR


def _unreadable(history: History | None, credit: CreditType, since: datetime) -> str:
    """Why the history does not tell who changed this balance since then; empty: it does."""
    if history is None:
        return NO_BALANCES
    lately = [version for version in history.get(credit, ()) if version.at >= since]
    merges = [n for n, version in enumerate(lately) if version.source.startswith(MERGED)]
    # before a merge the versions of two balances stand between each other
    return MERGED_SINCE if merges and merges[0] + 1 < len(lately) else ""
