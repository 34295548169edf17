"""Brings the mirror up to the truth: rows due in the outbox are copied, whatever happens meanwhile.

The outbox row is the promise, the thread only a hint: a row leaves the outbox when the mirror has
answered for it, and a repeated or late copy is harmless by the mirror's own guard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from core.credits.catalogue import Catalogue
from core.credits.errors import GatewayError, LimitReached, NotSent, OutcomeUnknown, Refused
from core.credits.halves import halves
from core.credits.records import ContactId, Counted, Kind
from core.hubspot.ports.crm import Crm
from core.mirror import log
from core.mirror.by_parts import by_parts, told
from core.mirror.circuit_breaker import Outage
from core.mirror.direct_copies import DirectCopies, PendingRemovals
from core.mirror.due_rows import by_kind, id_of, may_be_older, must_be_read, newest, rows_of
from core.mirror.erasures import Erasing
from core.mirror.failed_rows import is_a_row, may_be_a_row
from core.mirror.lag import CopyLag
from core.mirror.merges import Merges
from core.mirror.port import Copied, CopyResult, Mirror, MirrorRow
from core.mirror.rows import ID, counted_row
from core.mirror.store.outbox_port import Due, OutboxState
from core.mirror.store.port import MirrorStore
from core.work.wakeup import WakeUp

TRIES_MAX = 8
#: A record that nobody answers for, while others are answered, is rarely at fault: lines are cut.
#: At a minute between tries this is about half an hour.
UNANSWERED_MAX = 30
WAIT_MAX_S = 60.0
#: Rows taken are ours for so long: longer than a copy can take. Copying one twice is harmless.
HOLD = timedelta(seconds=30)
#: When HubSpot cannot be read, its rows wait so long. That is not the rows' fault either.
TRUTH_WAIT = timedelta(seconds=5)
#: The day's quota may be raised meanwhile.
PUT_BACK_MAX = timedelta(minutes=15)

#: The mirror is as new as the copy was.
DONE = frozenset({Copied.WRITTEN, Copied.ALREADY_EQUAL, Copied.NEWER_KEPT, Copied.NOT_KEPT})


def wait_s(attempts: int, chance: float, most_s: float = WAIT_MAX_S) -> float:
    """Seconds until what failed so often is tried again: 1 doubling to ``most_s``, with jitter."""
    return min(2.0 ** (attempts - 1), most_s) * (0.5 + 0.5 * chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What one drain did."""

    taken: int = 0
    #: As much as was allowed was taken, so there may be more.
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorCopier:
    """Copies what is due. One object for all threads of a process."""

    crm: Crm
    mirror: Mirror
    journal: MirrorStore
    catalogue: Catalogue
    now: Callable[[], datetime]
    #: 0..1, for jitter.
    chance: Callable[[], float]
    #: Told of new dead letters, after they are saved. Must not raise.
    on_dead: Callable[[Sequence[Due]], None] = lambda _dead: None
    lag: CopyLag = field(default_factory=CopyLag)
    bell: WakeUp = field(default_factory=WakeUp)
    handed: DirectCopies = field(default_factory=DirectCopies)
    finished: PendingRemovals = field(default_factory=PendingRemovals)
    outage: Outage

    @property
    def erasing(self) -> Erasing:
        """What removes what HubSpot deleted for privacy."""
        return Erasing(self.mirror, self.journal, self.now)

    @property
    def merges(self) -> Merges:
        """What removes rows of ids from before a merge."""
        return Merges(self.mirror)

    def nudge(self) -> None:
        """Something is due: wake a thread. Never waits; many nudges at once are one."""
        self.bell.ring()

    def put(self, due: Sequence[Due]) -> None:
        """Make these due and see to them at once."""
        self.journal.put_due(due, at=self.now())
        self.nudge()

    def put_later(self, due: Sequence[Due], after: timedelta) -> None:
        """Make these due, to be copied when that time has passed."""
        now = self.now()
        self.journal.put_due(due, at=now, held_until=now + after)

    def offer(self, due: Sequence[Due]) -> None:
        """Copy these at once, though the outbox does not have them yet. Never waits."""
        if due:
            self.handed.offer(due)
            self.nudge()

    def offer_read(self, records: Iterable[Counted]) -> None:
        """Copy these whole, as they were read. Never waits, and nothing is lost if it fails.

        Each goes under the time of what was read, so the mirror keeps what is newer of it.
        """
        now = self.now()
        self.handed.offer_read(
            [
                Due(
                    kind=record.kind,
                    record_id=record.id,
                    row=counted_row(record, self.catalogue),
                    due_since=now,
                )
                for record in records
            ]
        )
        self.nudge()

    def saved(self, held: Sequence[Due]) -> None:
        """The outbox has what was offered, held for us."""
        self._remove(self.handed.saved(held, self.now()))

    def needless(self, waiting: Sequence[Due]) -> None:
        """Forget these copies, unless they are due anew: the mirror was proved to be right."""
        if waiting:
            self._remove(waiting)

    def drain(self, read_later: Callable[[Sequence[Due]], None] | None = None) -> Drained:
        """Take what is due once, and copy it; nothing while the mirror is known to be down.

        Rows that must first be read from the truth go to ``read_later``, for HubSpot may be slow
        and other rows must not wait for it; without it they are read here.
        """
        now = self.now()
        room = self.outage.room(now)
        if not room:
            return Drained()
        if not self._copy_read(self.handed.take_read(room, now)):
            return Drained()
        offered = self.handed.take(room, now)
        taken = offered or self.journal.take_due(now=now, until=now + HOLD, limit=room)
        if not taken:
            if self.outage.down:
                self.probe()
            return Drained()
        blank = [due for due in taken if must_be_read(due)]
        self._copy([due for due in taken if not must_be_read(due)])
        if blank:
            (read_later or self.read_and_copy)(blank)
        return Drained(taken=len(taken), full=bool(offered) or len(taken) == room)

    def probe(self) -> None:
        """Ask the mirror something small: is it up? Opens a connection, too."""
        try:
            self.mirror.rows(Kind.CONTACT, ["0"])
        except GatewayError as error:
            self.outage.failed(str(error), now=self.now())
        else:
            self._up()

    def read_and_copy(self, dues: Sequence[Due]) -> None:
        """Read these from the truth, in one batch of each kind, and copy what is there."""
        for kind, group in by_kind(dues):
            self._copy(self._read(kind, group))

    def wait_until_empty(
        self, deadline: datetime, *, pause: Callable[[float], None] = time.sleep
    ) -> OutboxState:
        """Drain until nothing is due, at most until ``deadline``. Dead letters are not due."""
        while (state := self.journal.outbox()).due and self.now() < deadline:
            if not self.drain().taken:
                pause(0.02)  # others hold what is due, or the mirror is down
        return state

    # truth

    def _read(self, kind: Kind, dues: Sequence[Due]) -> list[Due]:
        """These with their rows. Who is gone from the truth has no copy to make and is done."""

        def some(part: Sequence[Due]) -> dict[str, MirrorRow | None]:
            return rows_of(self.crm, self.catalogue, kind, [due.record_id for due in part])

        try:
            parts, odd = by_parts(dues, some, lambda: self.crm.contacts([ContactId("1")]))
            rows = {id_: row for part in parts for id_, row in part.items()}
            merged = {id_: str(row[ID]) for id_, row in rows.items() if row and row[ID] != id_}
            self._follow(kind, set(merged.values()))
        except GatewayError as error:
            self._put_back(dues, error, TRUTH_WAIT)
            return []
        for due, spoiled in odd:
            self._fail([due], spoiled)
        gone = [due for due in dues if due.record_id in rows and rows[due.record_id] is None]
        self._done([due for due in gone if due.row is None], self.now())
        self._erase([due for due in gone if due.row is not None])
        read = [replace(due, row=rows.get(due.record_id)) for due in dues]
        return self._without_old_rows([due for due in read if due.row is not None], merged)

    def _erase(self, dues: Sequence[Due]) -> None:
        """And look once more after a while: a copy that was in hand may have come after it."""
        for n, due in enumerate(dues):
            try:
                why = self.erasing.erase(due.kind, due.record_id)
            except GatewayError as error:
                self._mirror_down(dues[n:], error)
                return
            if why:
                self._fail([due], Refused(why))
            elif due.attempts:
                self._done([due], self.now())
            else:
                again = replace(due, attempts=1, next_try_at=self.now() + HOLD)
                self.journal.copy_failed([again])

    def _without_old_rows(self, dues: Sequence[Due], merged: Mapping[str, str]) -> list[Due]:
        """Those to copy, once the mirror has no row of an id from before a merge."""
        ready = []
        for n, due in enumerate(dues):
            try:
                new = merged.get(due.record_id)
                why = self.merges.settle(due.kind, due.record_id, new) if new else ""
            except GatewayError as error:
                self._mirror_down(dues[n:], error)
                break
            if why:
                self._fail([due], Refused(why))
            else:
                ready.append(due)
        return ready

    def _follow(self, kind: Kind, merged: Collection[str]) -> None:
        """Bookings went with a contact that was merged, and HubSpot tells of the contact alone."""
        if kind is Kind.CONTACT and merged:
            found = self.crm.booking_ids_of(kind, sorted(merged)).values()
            self.put([Due(kind=Kind.BOOKING, record_id=b, row=None) for ids in found for b in ids])

    # mirror

    def _copy_read(self, dues: Sequence[Due]) -> bool:
        """Whether the mirror answers. What it does not take is left to the next who reads it."""
        for kind, batch in by_kind(dues):
            try:
                answers = self.mirror.copy(kind, newest(batch))
            except GatewayError as error:
                self._mirror_down(batch, error)
                return False
            self._up()
            log.made([due for due in batch if answers[id_of(due)].copied is Copied.WRITTEN])
        return True

    def _copy(self, dues: Sequence[Due]) -> None:
        batches = [batch for _, batch in by_kind(dues)]
        for n, batch in enumerate(batches):
            if error := self._offer(batch):
                self._mirror_down(list(chain(*batches[n:])), error)
                return

    def _offer(self, batch: Sequence[Due]) -> GatewayError | None:
        """None, or why the mirror as a whole is down; then the whole batch is as it was."""
        error = self._try(batch)
        if error is None or not may_be_a_row(error):
            return error
        if len(batch) > 1:
            return self._offer_halves(batch)
        if not is_a_row(error):
            return error
        self._up()
        self._fail(batch, error)
        return None

    def _offer_halves(self, batch: Sequence[Due]) -> GatewayError | None:
        """Find the row that spoils the call: it is where the mirror takes one half of two."""
        tried = [(half, self._try(half)) for half in halves(batch)]
        failed = [(half, error) for half, error in tried if error]
        for _, error in failed:
            if len(failed) == len(tried) and not is_a_row(error):
                return error
        for half, error in failed:
            self._narrow_down(half, error)
        return None

    def _narrow_down(self, half: Sequence[Due], error: GatewayError) -> None:
        if len(half) == 1 and may_be_a_row(error):
            self._fail(half, error)
        elif still := self._offer_halves(half) if may_be_a_row(error) else error:
            self._mirror_down(half, still)

    def _try(self, batch: Sequence[Due]) -> GatewayError | None:
        try:
            answers = self.mirror.copy(batch[0].kind, newest(batch))
        except GatewayError as error:
            return error
        self._settle(batch, answers)
        return None

    def _mirror_down(self, dues: Sequence[Due], error: GatewayError) -> None:
        asked_s = error.retry_after_s if isinstance(error, NotSent) else None
        self.outage.failed(str(error), now=self.now(), asked_s=asked_s)
        self._put_back(dues, error, timedelta())
        log.failed(dues, str(error))

    def _up(self) -> None:
        if self.outage.succeeded():
            self.nudge()

    def _settle(self, dues: Sequence[Due], answers: Mapping[str, CopyResult]) -> None:
        at = self.now()
        self._up()
        by_answer: dict[CopyResult, list[Due]] = {}
        for due in dues:
            by_answer.setdefault(answers[id_of(due)], []).append(due)
        again = {due.seq: due for due in dues if may_be_older(due, answers[id_of(due)].copied)}
        if again:
            self.journal.copy_failed([replace(due, attempts=1) for due in again.values()])
            self.nudge()
        done = [due for due in dues if answers[id_of(due)].copied in DONE and due.seq not in again]
        self._done(done, at)
        for result, those in by_answer.items():
            if result.copied is Copied.REFUSED:
                self._fail(those, Refused(result.reason))
            elif result.copied is Copied.MISSING:
                self.put([replace(due, row=None) for due in those])  # whole, from the truth
            elif result.copied not in {Copied.NEWER_KEPT, Copied.NOT_KEPT}:
                self._tell(those, at)

    def _done(self, dues: Sequence[Due], at: datetime) -> None:
        self._remove(
            [
                *(due for due in dues if due.seq),
                *self.handed.made([due for due in dues if not due.seq], at),
            ]
        )

    def _remove(self, done: Sequence[Due]) -> None:
        self.finished.put(done)
        self.finished.close(lambda some: self.journal.copied(some, at=self.now()))

    def _tell(self, dues: Sequence[Due], at: datetime) -> None:
        self.lag.record((due.due_since for due in dues if due.due_since), at=at)
        log.made(dues)

    # failures

    def _fail(self, dues: Sequence[Due], error: Exception) -> None:
        """These rows' own fault: one try less for each."""
        if not (dues := [due for due in dues if due.seq]):
            return  # offered only: the outbox has them, and tries them by its own rules
        now = self.now()
        most = UNANSWERED_MAX if isinstance(error, OutcomeUnknown) else TRIES_MAX
        tried = [
            replace(
                due,
                attempts=due.attempts + 1,
                error=told(error),
                dead=due.attempts + 1 >= most,
                next_try_at=now + timedelta(seconds=wait_s(due.attempts + 1, self.chance())),
            )
            for due in dues
        ]
        self.journal.copy_failed(tried)
        log.failed(tried, told(error))
        if dead := [due for due in tried if due.dead]:
            self.on_dead(dead)

    def _put_back(self, dues: Sequence[Due], error: GatewayError, wait: timedelta) -> None:
        """Not these rows' fault: no try is counted, and they go behind the others."""
        if isinstance(error, LimitReached) and error.retry_after_s:
            wait = max(wait, timedelta(seconds=error.retry_after_s))
        again = self.now() + min(wait, PUT_BACK_MAX)
        self.journal.copy_failed(
            [replace(due, error=str(error), next_try_at=again) for due in dues if due.seq]
        )
