"""Exporting: the one way in which a list leaves the desk. Each export stands in the audit.

Rows are read by portions while they are written, so that no list is ever whole in memory.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import IO

from core.audit.chain import EXPORTED, exported
from core.audit.entries import Entry, Sought, What
from core.credits.catalogue import Catalogue
from core.credits.csv_safe import Table
from core.credits.errors import BadList
from core.credits.records import Kind
from core.credits.roles import Actor
from core.drift.differences import Drift
from core.drift.past_sweeps import last_whole
from core.drift.store.port import DriftStore
from core.drift.store.trends_port import Narrow
from core.exports.listings import ACTS, Export, Listing
from core.health.audit_check.verify import AuditLog
from core.mirror.port import Mirror
from core.mirror.rows import ID
from core.operations.kinds.registry import titled
from core.operations.owed.find import OwedCredits
from core.operations.owed.rules import Owed, longest, verdict_against, verdict_of
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import ItemState, Operation, OperationState, Progress

#: Rows read in one go.
PORTION = 500
OPERATIONS = (
    "operation", "kind", "title", "state", "by", "confirmed_at", "ended_at", "reason", "asked",
    "done", "failed", "blocked", "undecided", "credits", "approved_by", "undoes",
)  # fmt: skip
OWED = (
    "booking_id", "record_id", "contact_id", "credit", "since", "exam_date", "cancelled_by",
    "verdict", "told", "taken_back",
)  # fmt: skip
DRIFT = (
    "kind", "record_id", "cause", "column", "truth", "mirror", "since", "evidence", "repairable",
)  # fmt: skip
EXAMS = (
    ID, "mock_exam_name", "mock_type", "exam_date", "start_time", "end_time", "location",
    "capacity", "total_bookings", "is_active",
)  # fmt: skip
STUDENTS = (ID, "student_id", "email", "firstname", "lastname")


@dataclass(frozen=True, slots=True)
class Exporter:
    """Lists to be taken, and the taking. Every taking checks the role and is recorded."""

    journal: DriftStore
    mirror: Mirror
    auditing: AuditLog
    owing: OwedCredits
    catalogue: Catalogue
    now: Callable[[], datetime]

    # the lists; each raises ``NotAllowed`` for whoever may not take it

    def operations(
        self,
        actor: Actor,
        states: Collection[OperationState] = (),
        sought: SoughtOperations = EVERY_OPERATION,
    ) -> Export:
        """All, or those in these states that are sought, newest first."""
        actor.require(ACTS[Listing.OPERATIONS])
        rows = self._operations(states, sought)
        return _export(Listing.OPERATIONS, OPERATIONS, rows, _of_those(states, sought))

    def audit(self, sought: Sought, actor: Actor) -> Export:
        """All matching entries, newest first, each with its hash."""
        found = self.auditing.export(sought, actor, limit=self.auditing.count(sought, actor))
        return _export(Listing.AUDIT, EXPORTED, map(exported, found), _sought(sought))

    def owed(self, actor: Actor, found: Iterable[Owed] | None = None) -> Export:
        """Every unmarked cancelled booking, longest first, with what speaks against it.

        ``found``: as they were found already; None: they are looked for.

        Raises:
            GatewayError: a store cannot be read.
        """
        actor.require(ACTS[Listing.OWED])
        each = self.owing.each(actor) if found is None else found
        # of each its cells alone, for the first of them is known only when all are found
        rows = sorted(((longest(one), _of_owed(one)) for one in each), key=itemgetter(0))
        told = (dict(zip(OWED, cells, strict=True)) for _, cells in rows)
        return _export(Listing.OWED, OWED, told, {})

    def drift(self, actor: Actor, sweep_id: str = "", narrow: Narrow | None = None) -> Export:
        """What a sweep found, a row for each column that differs; "": the last complete one.

        Raises:
            BadList: no sweep is complete.
        """
        actor.require(ACTS[Listing.DRIFT])
        if not sweep_id:
            sweep = last_whole(self.journal)
            if sweep is None:
                raise BadList(["no complete sweep is kept: run python -m core sweep --full"])
            sweep_id = sweep.id
        meant = narrow or Narrow()
        rows = (row for drift in self._drifts(sweep_id, meant) for row in _of_drift(drift))
        return _export(Listing.DRIFT, DRIFT, rows, {"sweep": sweep_id} | _narrowed(meant))

    def students(self, actor: Actor) -> Export:
        """All students with their balances, as Supabase holds them."""
        actor.require(ACTS[Listing.STUDENTS])
        columns = (*STUDENTS, *self.catalogue.keys, "ndecc_exam_date")
        return _export(Listing.STUDENTS, columns, self._mirrored(Kind.CONTACT), {})

    def exams(self, actor: Actor) -> Export:
        """All exams with their seats, as Supabase holds them."""
        actor.require(ACTS[Listing.EXAMS])
        return _export(Listing.EXAMS, EXAMS, self._mirrored(Kind.EXAM), {})

    # the taking

    def write(self, export: Export, actor: Actor, out: IO[bytes]) -> int:
        """Write it as CSV; how many rows. Recorded however far it came.

        Raises:
            NotAllowed: this person may not take this list; nothing was written.
            GatewayError, JournalError: not all of it was written.
        """
        actor.require(ACTS[export.listing])
        written, whole = 0, False
        try:
            for part, rows in export.table.portions():
                out.write(part)
                written += rows
            whole = True
        finally:
            self._record(export, actor, written, whole=whole)
        return written

    def taken(self, export: Export, actor: Actor) -> bytes:
        """The same in memory, for a browser that downloads it. Raises as ``write`` does."""
        out = io.BytesIO()
        self.write(export, actor, out)
        return out.getvalue()

    def _record(self, export: Export, actor: Actor, rows: int, *, whole: bool) -> None:
        detail = {"list": export.listing.value, "rows": rows, "filter": dict(export.narrowed)}
        self.journal.record(
            Entry(
                at=self.now(),
                actor=actor.email,
                role=actor.role.value,
                what=What.EXPORTED,
                detail=detail if whole else detail | {"whole": False},
            )
        )

    # rows, by portions

    def _operations(
        self, states: Collection[OperationState], sought: SoughtOperations
    ) -> Iterator[dict[str, object]]:
        offset = 0
        while found := self.journal.operations(
            states=states, sought=sought, limit=PORTION, offset=offset
        ):
            progress = self.journal.progress_of([operation.id for operation in found])
            for operation in found:
                yield _of_operation(operation, progress[operation.id])
            offset += len(found)

    def _drifts(self, sweep_id: str, narrow: Narrow) -> Iterator[Drift]:
        offset = 0
        while found := self.journal.drift_page(sweep_id, narrow, limit=PORTION, offset=offset).rows:
            yield from found
            offset += len(found)

    def _mirrored(self, kind: Kind) -> Iterator[Mapping[str, object]]:
        after = ""
        while page := self.mirror.page(kind, after):
            yield from page
            after = str(page[-1][ID])


def _export(
    listing: Listing,
    columns: tuple[str, ...],
    rows: Iterator[Mapping[str, object]],
    narrowed: Mapping[str, str],
) -> Export:
    return Export(listing=listing, table=Table(columns, rows), narrowed=narrowed)


def _of_operation(operation: Operation, progress: Progress) -> dict[str, object]:
    states = progress.states
    return {
        "operation": operation.id,
        "kind": operation.kind.value,
        "title": titled(operation),
        "state": operation.state.value,
        "by": operation.confirmed_by,
        "confirmed_at": operation.confirmed_at.isoformat(),
        "ended_at": operation.ended_at.isoformat() if operation.ended_at else "",
        "reason": operation.reason,
        "asked": progress.total,
        "done": states.get(ItemState.DONE, 0),
        "failed": states.get(ItemState.FAILED, 0),
        "blocked": states.get(ItemState.BLOCKED, 0),
        "undecided": states.get(ItemState.UNDECIDED, 0),
        "credits": sum(progress.net.values()),
        "approved_by": operation.approved_by,
        "undoes": operation.undoes,
    }


def _of_owed(one: Owed) -> tuple[object, ...]:
    """In the order of ``OWED``."""
    against = verdict_against(one)
    return (
        one.booking.booking_id,
        one.booking.id,
        one.contact_id,
        one.credit,
        one.since.isoformat(),
        one.booking.exam_date,
        one.cancelled_by,
        verdict_of(one),
        against.detail if against else one.unclear or one.decision or "",
        one.taken_back or "",
    )


def _of_drift(drift: Drift) -> Iterator[dict[str, object]]:
    """A row for each column that differs; one for a record that a side lacks."""
    for name in drift.columns or ("",):
        yield {
            "kind": drift.kind.value,
            "record_id": drift.record_id,
            "cause": drift.cause.value,
            "column": name,
            "truth": drift.truth.get(name),
            "mirror": drift.mirror.get(name),
            "since": drift.since.isoformat(),
            "evidence": drift.evidence,
            "repairable": "yes" if drift.repairable else "no",
        }


def _of_those(states: Collection[OperationState], sought: SoughtOperations) -> dict[str, str]:
    told = {
        "states": ", ".join(sorted(states)),
        "since": sought.since.isoformat() if sought.since else "",
        "until": sought.until.isoformat() if sought.until else "",
        "by": sought.by,
        "kinds": ", ".join(sorted(sought.kinds)),
        "exam": sought.exam_id,
        "words": _typed(sought.words),
    }
    return {name: value for name, value in told.items() if value}


def _typed(words: str) -> str:
    """That something was looked for, and not what: it may be a student's name."""
    return "given" if words else ""


def _sought(sought: Sought) -> dict[str, str]:
    told = {
        "since": sought.since.isoformat() if sought.since else "",
        "until": sought.until.isoformat() if sought.until else "",
        "actor": sought.actor,
        "what": ", ".join(sought.what),
        "operation": sought.operation_id,
        "contact": sought.contact_id,
        "booking": sought.booking_id,
        "exam": sought.exam_id,
        "kinds": ", ".join(sought.kinds),
        "words": _typed(sought.words),
        "only": "acts" if sought.acts_only else "",
    }
    return {name: value for name, value in told.items() if value}


def _narrowed(narrow: Narrow) -> dict[str, str]:
    told = {
        "causes": ", ".join(sorted(narrow.causes)),
        "kinds": ", ".join(sorted(narrow.kinds)),
        "credits": ", ".join(narrow.credits),
        "least": "" if narrow.least is None else str(narrow.least),
        "most": "" if narrow.most is None else str(narrow.most),
        "record": narrow.record,
    }
    return {name: value for name, value in told.items() if value}
