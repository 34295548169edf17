"""Adjusting: plans that give, take and set credits, and that take such an adjustment back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.credits.adjustments import Adjustment, named, undoing
from core.credits.catalogue import Catalogue
from core.credits.errors import BadList
from core.credits.records import Contact, ContactId, ItemKey, is_record_id
from core.credits.roles import Act, Actor
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import Crm
from core.operations.choosing.adjustment_lists import Asked, AskedList, Fault, Read, Who, read, told
from core.operations.choosing.adjustments import plan_rows
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.choosing.preflight import Preflight
from core.operations.kinds.adjust import ADJUST
from core.operations.kinds.words import counted
from core.operations.plans import Plan, Row
from core.operations.states import ItemState, Operation
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class AdjustmentPlanner:
    """Makes the plan. ``OperationCommands.confirm`` and the engine do the rest, exactly once."""

    crm: Crm
    journal: OperationStore
    catalogue: Catalogue
    preflight: Preflight
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def preview(
        self, asked: AskedList | Sequence[Asked], actor: Actor, *, plan_id: str = ""
    ) -> Plan:
        """Each balance before and after. Stored, and changes nothing.

        ``plan_id``: of the plan, which names its changes; "": a new one.

        Raises:
            NotAllowed: the actor may not run batches.
            BadList: all that is wrong with any row, by its line; nothing was stored.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer; nothing was stored.
        """
        actor.require(Act.RUN_BATCHES)
        self.preflight.check()
        given = asked if isinstance(asked, AskedList) else AskedList(rows=tuple(asked))
        if not given.rows and not given.faults:
            raise BadList(["no change is given: name a student, a credit and a change"])
        rows, faults = read(given.rows, self.catalogue)
        request = plan_id or self.new_id()
        wanted, contacts, unknown = self._found(request, given.rows, rows)
        if wrong := [*given.faults, *faults, *unknown]:
            raise BadList(told(wrong))
        planned = plan_rows(wanted, contacts)
        return self._saved(request, _words(planned), planned, actor)

    def undone(self, of: Operation, actor: Actor, *, without: Collection[ItemKey] = ()) -> Plan:
        """What takes this adjustment back, change by change. Stored, and changes nothing.

        Raises:
            NotAllowed, NotReady, GatewayError: as ``preview``.
            BadList: it changed nothing that could be taken back.
        """
        actor.require(Act.RUN_BATCHES)
        self.preflight.check()
        items = self.journal.items(of.id, states={ItemState.DONE})
        if not items:
            raise BadList([f"operation {of.id} adjusted nothing that could be taken back"])
        wanted = [undoing(i.booking_id, i.contact_id or ContactId("")) for i in items]
        selection = f"the adjustment of {of.selection}"
        rows = self._rows(wanted, without)
        return self._saved(self.new_id(), selection, rows, actor, undoes=of.id)

    def again(self, plan: Plan, actor: Actor, *, without: Collection[ItemKey]) -> Plan:
        """A fresh preview of the same changes, on the balances of now; these rows left out.

        It shares the names of the first one, so that confirming both does nothing twice.

        Raises:
            NotAllowed, NotReady, GatewayError: as ``preview``.
        """
        actor.require(Act.RUN_BATCHES)
        self.preflight.check()
        wanted = [replace(named(row.booking_id, row.booking_name), stood=None) for row in plan.rows]
        left = {
            one.name
            for one, row in zip(wanted, plan.rows, strict=True)
            if row.booking_id in without
        }
        rows = self._rows(wanted, left)
        return self._saved(self.new_id(), plan.selection, rows, actor, undoes=plan.undoes)

    def afresh(self, plan: Plan) -> tuple[Row, ...]:
        """The same changes, judged on fresh reads; a balance that was to be set is frozen.

        Raises:
            NotReady, GatewayError: as ``preview``.
        """
        self.preflight.check()
        return self._rows(
            [named(row.booking_id, row.booking_name) for row in plan.rows], plan.excluded
        )

    def _rows(self, wanted: Sequence[Adjustment], without: Collection[ItemKey]) -> tuple[Row, ...]:
        contacts = self.crm.contacts({one.contact_id for one in wanted})
        done = self.journal.claimed([one.name for one in wanted], MovementKind.ADJUSTMENT)
        return plan_rows(wanted, contacts, done, without)

    def _saved(
        self, id_: str, selection: str, rows: tuple[Row, ...], actor: Actor, *, undoes: str = ""
    ) -> Plan:
        made_at = self.now()
        plan = Plan(
            id=id_,
            kind=ADJUST.key,
            selection=selection,
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=rows,
            undoes=undoes,
        )
        self.journal.save_plan(plan)
        return plan

    def _found(
        self, request: str, asked: Sequence[Asked], rows: Sequence[Read]
    ) -> tuple[list[Adjustment], dict[ContactId, Contact | None], list[Fault]]:
        """The changes with their students; and the rows whose student is nobody, or several.

        ``rows``: those of ``asked`` of which all else can be read.
        """
        named_ = [one for one in asked if any(one.who)]
        meant, contacts = self._students({one.who for one in named_})
        wanted: list[Adjustment] = []
        faults = [
            (one.line, _nobody(one.who, meant[one.who]))
            for one in named_
            if len(meant[one.who]) != 1
        ]
        first: dict[tuple[ContactId, str], int] = {}
        for n, row in enumerate(rows):
            line, found = row.asked.line, meant[row.asked.who]
            if len(found) != 1:
                continue
            (id_,) = found
            if (before := first.setdefault((id_, row.credit), n)) != n:
                where = f"by line {rows[before].asked.line}" if line else "here"
                told_ = f"{row.credit} of {_said(row.asked.who)} is changed {where} already"
                faults.append((line, told_))
                continue
            wanted.append(
                Adjustment(
                    request=request,
                    contact_id=id_,
                    credit=row.credit,
                    change=row.change,
                    reason=row.asked.reason,
                )
            )
        return wanted, contacts, faults

    def _students(
        self, students: Collection[Who]
    ) -> tuple[dict[Who, tuple[ContactId, ...]], dict[ContactId, Contact | None]]:
        """Who is meant, as they are in HubSpot now: by HubSpot id where that is said, else by
        HubSpot id, student id or e-mail, whatever fits.
        """
        said = {id_ for id_, _ in students if id_ is not None}
        texts = {text for id_, text in students if id_ is None}
        mails = [one for one in texts if "@" in one]
        others = [one for one in texts if "@" not in one]
        named_ = self.crm.contacts_named("email", mails) if mails else {}
        if others:
            named_ |= self.crm.contacts_named("student_id", others)
        ids = {ContactId(one) for one in others if is_record_id(one)}
        found_ = {id_ for found in named_.values() for id_ in found}
        contacts = self.crm.contacts(said | ids | found_)
        meant: dict[Who, tuple[ContactId, ...]] = {
            (None, text): _at_present(
                contacts, [*named_[text], *([ContactId(text)] if text in ids else [])]
            )
            for text in texts
        }
        meant |= {(id_, ""): _at_present(contacts, [id_]) for id_ in said}
        held = {c.id: c for c in contacts.values() if c is not None}
        return meant, contacts | {ContactId(id_): contact for id_, contact in held.items()}


def _at_present(
    contacts: Mapping[ContactId, Contact | None], ids: Iterable[ContactId]
) -> tuple[ContactId, ...]:
    """Those of ``ids`` that are there, each once, by the id that it has now, also after a merge.

    ``contacts``: as they were read, by the ids asked for.
    """
    found = (contacts.get(id_) for id_ in ids)
    return tuple(dict.fromkeys(ContactId(one.id) for one in found if one is not None))


def _said(who: Who) -> str:
    id_, text = who
    return id_ or text


def _nobody(who: Who, found: Sequence[ContactId]) -> str:
    id_, text = who
    if id_ is not None:
        return f"HubSpot has no contact {id_}"
    if not found:
        return f"HubSpot has no student {text[:60]!r}, by HubSpot id, student id or e-mail"
    those = ", ".join(found[:5])
    return f"{text[:60]!r} means several students ({those}): name one by HubSpot id or e-mail"


def _words(rows: Sequence[Row]) -> str:
    """What is adjusted: one student by name, of several how many."""
    students = {row.contact_id: row.contact_name for row in rows}
    if len(students) == 1:
        return f"contact {next(iter(students.values()))}"
    return f"{counted(len(rows), 'balance')} of {counted(len(students), 'student')}"
