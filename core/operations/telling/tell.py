"""Telling: each student of an operation is told of it once, by HubSpot, when all is settled.

The intent is saved before anything is sent. An answer that was lost is settled by what HubSpot
shows, where it shows it; where not, a person is told, and says whether to tell again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.errors import NotSent
from core.credits.records import ContactId, ItemKey
from core.credits.writes import Run
from core.hubspot.ports.channels import Channel, TellBy
from core.hubspot.ports.crm import Crm, Fate
from core.hubspot.ports.message import Message
from core.hubspot.ports.telling import Mail, Recipient, Sent
from core.operations.kinds.registry import kind_of
from core.operations.leftovers import About, Warned
from core.operations.protocol.apart import apart
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.each_item import each_item
from core.operations.states import ENDED, Item, Operation, by_contact, keys_by_contact
from core.operations.store.port import OperationStore
from core.operations.telling.rules import (
    MAY_CHANGE,
    TELLABLE_AGAIN,
    Telling,
    TellingState,
    affected,
    message,
    unfinished,
)
from core.work.steady_clock import QuietPeriod

#: Students at a time: a batch of HubSpot's; of e-mails, each a call of its own, so few that a
#: crash leaves few of whom nobody can tell.
AT_ONCE = {Channel.PROPERTIES: 100, Channel.SINGLE_SEND: 20}
#: So many are told before an operation ends; the others after, so that its end does not wait.
BEFORE_THE_END = 100

GONE = "archived or deleted in HubSpot"
NO_EMAIL = "HubSpot has no e-mail address of this student"
OPTED_OUT = "the student has opted out of e-mail"
NOT_ALL_DONE = "a booking of theirs is not done yet; they are told when it is, or told again"
LOST = "HubSpot's answer was lost"
EARLIER = "an e-mail before that may have been sent"
MERGED = "merged with another contact since it was sent"


@dataclass(frozen=True, slots=True)
class _Round:
    """One look at an operation's students."""

    run: Run
    operation: Operation
    #: By student, the bookings that they are told of.
    whose: Mapping[ContactId, Sequence[ItemKey]]
    #: As the journal had it, and as it is learned.
    known: dict[ContactId, Telling]

    def of(self, id_: ContactId) -> Telling:
        """What is known of this student."""
        waiting = TellingState.WAITING
        fresh = Telling(operation_id=self.operation.id, contact_id=id_, state=waiting)
        return self.known.get(id_, fresh)


@dataclass(frozen=True, slots=True)
class TellingStudents:
    """Repeatable: who was told is found in the journal, or in HubSpot."""

    crm: Crm
    journal: OperationStore
    catalogue: Catalogue
    quiet: QuietPeriod
    now: Callable[[], datetime]
    by: TellBy

    def tell(self, run: Run, operation: Operation) -> bool:
        """Everybody who is to be told and was not. True: some are left for the next time.

        Raises:
            NotSent: the settings do not tell students in the way that was confirmed.
            GatewayError: HubSpot does not answer.
        """
        self._must_match(operation)
        whose = keys_by_contact(affected(each_item(self.journal, operation.id)))
        known = {one.contact_id: one for one in self.journal.tellings(operation.id)}
        this = _Round(run, operation, whose, known)
        left = self._settle(this)
        held = unfinished(each_item(self.journal, operation.id, states=MAY_CHANGE))
        self._hold(this, [id_ for id_ in this.whose if id_ in held and id_ not in known])
        todo = [id_ for id_ in sorted(this.whose) if self._is_due(this.of(id_), held=id_ in held)]
        within = todo if operation.state in ENDED else todo[:BEFORE_THE_END]
        size = AT_ONCE[operation.tell]
        for start in range(0, len(within), size):
            left |= self._apart(this, within[start : start + size])
        return left or len(within) < len(todo)

    def _must_match(self, operation: Operation) -> None:
        """Nothing is sent against the settings of this moment, nor by another way than was said."""
        if self.by.channel is not operation.tell:
            raise NotSent(
                f"CREDIT_DESK_TELL is {self.by.channel.value}, and this operation tells students "
                f"by {operation.tell.value}. Set it so, or give the follow-ups up"
            )

    # what was sent before

    def _settle(self, this: _Round) -> bool:
        """What became of those that were sent. True: of some it is not known yet."""
        if this.operation.tell is Channel.SINGLE_SEND:
            return self._settle_mails(this)
        return self._settle_properties(this)

    def _settle_mails(self, this: _Round) -> bool:
        """HubSpot tells of those that it took; of an answer that was lost it tells nothing."""
        sent = [one for one in this.known.values() if one.state is TellingState.SENDING]
        said = self.crm.sent_told([one.status_id for one in sent if one.status_id])
        learned = [
            self._after(one, said[one.status_id], self.now())
            if one.status_id
            else replace(one, state=TellingState.UNCLEAR, detail=LOST)
            for one in sent
        ]
        self._keep(this, learned)
        return any(one.state is TellingState.SENDING for one in learned)

    def _settle_properties(self, this: _Round) -> bool:
        """Properties and their history tell, once nothing can be on its way any more.

        Of a contact that was merged since, the history may be the other one's: a person is told.
        """
        ways = {TellingState.SENDING, TellingState.WAITING}
        sent = [one for one in this.known.values() if one.sent_at and one.state in ways]
        if not sent:
            return False
        # before HubSpot is asked: what arrives later than that was not on its way any more
        over = [one.contact_id for one in sent if one.sent_at and self.quiet.over(one.sent_at)]
        shown = self.crm.shown_told([one.contact_id for one in sent], this.operation.id)
        found = self.crm.recipients(over)
        learned = []
        for one in sent:
            if one.contact_id in shown:
                learned.append(replace(one, state=TellingState.TOLD, detail=""))
            elif one.contact_id in over:
                learned.append(_never_arrived(one, found[one.contact_id]))
        self._keep(this, learned)
        return len(learned) < len(sent)

    def _is_due(self, one: Telling, *, held: bool) -> bool:
        """Whether this student is to be told now; ``held``: more may be done for them.

        Properties that were sent before are looked for first. Of a mail HubSpot drops the double.
        """
        if one.sent_at is not None and self.by.channel is Channel.PROPERTIES:
            return False
        waits = one.state is TellingState.WAITING
        return waits or (one.state is TellingState.HELD and not held)

    def _hold(self, this: _Round, ids: Sequence[ContactId]) -> None:
        state = TellingState.HELD
        self._keep(this, [replace(this.of(id_), state=state, detail=NOT_ALL_DONE) for id_ in ids])

    # what is sent now

    def _apart(self, this: _Round, ids: Sequence[ContactId]) -> bool:
        def refused(id_: ContactId, reason: str) -> None:
            self._keep(this, [_failed(this.of(id_), reason)])

        return apart(ids, lambda some: self._batch(this, some), refused)

    def _batch(self, this: _Round, ids: Sequence[ContactId]) -> bool:
        """True: some wait for the next time."""
        found = self.crm.recipients(ids)
        unfit = [_failed(this.of(id_), why) for id_ in ids if (why := self._unfit(found[id_]))]
        self._keep(this, unfit)
        ready: dict[ContactId, tuple[Telling, Recipient]] = {}
        fit = [(id_, one) for id_ in ids if (one := found[id_]) and not self._unfit(one)]
        for id_, one in fit:  # two that were merged: the other is told the next time
            ready.setdefault(one.id, (this.of(id_), one))
        before = [telling for telling, _ in ready.values()]
        at = self.now()
        sending = [replace(one, state=TellingState.SENDING, sent_at=at) for one in before]
        self.journal.record_tellings(this.run, sending)
        sent = self._send(this, list(ready.values()), at)
        learned = [self._after(one, sent[one.contact_id], at) for one in before]
        self._keep(this, learned)
        raise_if_barred(one.outcome for one in sent.values())
        undecided = {TellingState.SENDING, TellingState.WAITING}
        return len(ready) < len(fit) or any(one.state in undecided for one in learned)

    def _unfit(self, found: Recipient | None) -> str:
        """Why HubSpot cannot mail this student; empty: it can.

        A transactional e-mail goes to who opted out, too, unless HubSpot says no.
        """
        if found is None:
            return GONE
        if not found.email:
            return NO_EMAIL
        listens = self.by.channel is Channel.PROPERTIES
        return OPTED_OUT if listens and found.opted_out else ""

    def _send(
        self, this: _Round, ready: Sequence[tuple[Telling, Recipient]], at: datetime
    ) -> Mapping[ContactId, Sent]:
        if not ready:
            return {}
        keys = [key for one, _ in ready for key in this.whose[one.contact_id]]
        items = by_contact(self.journal.items(this.operation.id, bookings=keys))
        messages = [
            self._message(this.operation, one.contact_id, items[one.contact_id]) for one, _ in ready
        ]
        if this.operation.tell is Channel.PROPERTIES:
            shown = self.crm.show_told(messages, sent_at=at)
            return {id_: Sent(outcome=outcome) for id_, outcome in shown.items()}
        mails = [
            Mail(message=said, email_id=self.by.email_id, to=to.email, send_id=one.send_id)
            for (one, to), said in zip(ready, messages, strict=True)
        ]
        return self.crm.send_told(mails, sent_at=at)

    def _message(self, operation: Operation, id_: ContactId, items: Sequence[Item]) -> Message:
        happened = kind_of(operation.kind).told(items, self.catalogue)
        if happened is None:
            raise ValueError(f"the kind {operation.kind.value!r} tells no student anything")
        return message(operation.id, id_, happened, items, operation.reason_for_students)

    # what is kept

    def _after(self, before: Telling, sent: Sent, at: datetime) -> Telling:
        """What is known after HubSpot's word.

        ``before``: as it stood; its ``sent_at`` says whether an earlier one may have arrived.
        ``at``: when this one was sent, or asked about.
        """
        kept = replace(before, detail="", status_id=sent.status_id)
        match sent.outcome.fate:
            case Fate.LANDED if sent.status_id:
                return replace(kept, state=TellingState.SENDING)
            case Fate.LANDED:
                return replace(kept, state=TellingState.TOLD, sent_at=at)
            case Fate.NOT_SENT:
                return replace(kept, state=TellingState.WAITING)
            case Fate.REFUSED:
                return _failed(kept, sent.outcome.reason)
            case Fate.UNKNOWN if self.by.channel is Channel.SINGLE_SEND:
                return replace(kept, state=TellingState.UNCLEAR, sent_at=at, detail=LOST)
            case Fate.UNKNOWN:  # what HubSpot shows tells, later
                return replace(kept, state=TellingState.SENDING, sent_at=at)

    def _keep(self, this: _Round, learned: Sequence[Telling]) -> None:
        if not learned:
            return
        self.journal.record_tellings(this.run, learned)
        warned = [_warning(one) for one in learned if one.state in TELLABLE_AGAIN]
        known, told = this.known, TellingState.TOLD
        well = [
            (About.TOLD, str(one.contact_id))
            for one in learned
            if one.state is told and one.contact_id in known
        ]
        if warned or well:
            self.journal.warn(this.run, warned, well=well, at=self.now())
        known.update({one.contact_id: one for one in learned})


def _failed(before: Telling, reason: str) -> Telling:
    """Refused; not told for certain, unless an earlier one may have arrived."""
    if before.sent_at is None:
        state, failures = TellingState.FAILED, before.failures + 1
        return replace(before, state=state, detail=reason, status_id="", failures=failures)
    detail = f"{reason}, and {EARLIER}"
    return replace(before, state=TellingState.UNCLEAR, detail=detail, status_id="")


def _never_arrived(one: Telling, found: Recipient | None) -> Telling:
    """Properties that do not show, though nothing is on its way any more.

    A contact that is gone cannot show them: its telling fails when it is sent. Whoever said to
    tell again knew of a merge.
    """
    merged = found is not None and found.id != one.contact_id
    if merged and one.state is TellingState.SENDING:
        return replace(one, state=TellingState.UNCLEAR, detail=MERGED)
    return replace(one, state=TellingState.WAITING, sent_at=None, detail="")


def _warning(one: Telling) -> Warned:
    unclear = one.state is TellingState.UNCLEAR
    verb = "may not have been told" if unclear else "was not told"
    told = f"contact {one.contact_id} {verb}: {one.detail}"
    return Warned(about=About.TOLD, record=one.contact_id, told=told)
