"""Design, section 10, held against every service: who may call what, and that nothing is forgotten.

Roles are spelled out here, not taken from ``ALLOWED``: a slip there must fail here.
"""

from __future__ import annotations

import importlib
import inspect
import io
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, get_type_hints

import pytest

from core.access.api_key_rules import ApiRequest, Scope
from core.access.identities import Account
from core.app.assembly.parts import Core
from core.audit.entries import Sought
from core.credits.csv_safe import Table
from core.credits.errors import BadList, StateConflict, UnknownId
from core.credits.records import BookingId, ContactId, ExamId, Kind, WriteId
from core.credits.roles import Actor, NotAllowed, Role, RoleRequest
from core.credits.sessions import ExamChange, Opening
from core.drift.causes import Cause
from core.drift.queries import DriftQueries
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep, SweepMode
from core.exports.listings import Export, Listing
from core.hubspot.ports.channels import Channel, TellBy
from core.operations.booking_rules import Wish
from core.operations.choosing.adjustment_lists import Asked
from core.operations.choosing.select import ByContact, ByExam, ByReference
from core.operations.verdicts import OperationKind
from core.work.work import Work
from tests.test_architecture import core_modules, is_gateway, is_port, is_pure, within_any
from tests.unit.services.desk import ADMIN, SJ, TestDesk

EVERYBODY = frozenset(Role)
DESK = frozenset({Role.STAFF, Role.ADMIN})
WATCHERS = frozenset({Role.MANAGER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
MONTH = timedelta(days=30)
STUDENTS = Export(listing=Listing.STUDENTS, table=Table(["a"], []), narrowed={})

ANN = ContactId("1")
BEN = "ben@example.test"
OTHER = Account(issuer="https://id.example.test", subject="another")
OWED = ByReference(references=("53",))
GAP = Cause.MISSING_ROW
CLOSED = ExamChange(opening=Opening.INACTIVE)
PLUS_ONE = [Asked(student="1", credit="cs_credits", change="+1")]
DAY = timedelta(days=1)
WISH = Wish(contact_id=ContactId("1"), exam_id=ExamId("70"), dominant_hand="Left")
FREE = Wish(contact_id=ContactId("1"), exam_id=ExamId("70"), dominant_hand="Left", override=True)


#: They put services together, or ask them; or know no service.
NO_SERVICES = ("core.app", "core.cli", "core.settings")


@dataclass(slots=True)
class World:
    """A desk, and what an admin made there for the call to work on."""

    desk: TestDesk
    it: Any = None

    @property
    def core(self) -> Core:
        return self.desk.core


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that people ask of a service, and whom it may serve."""

    #: The service's name in ``Core``, and its method.
    method: str
    roles: frozenset[Role]
    call: Callable[[World, Actor], object]
    #: Makes what the call works on.
    given: Callable[[TestDesk], object] = lambda _: None
    #: Tells apart what one method does for different people.
    case: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.case}".strip()


def _plan_for_one(desk: TestDesk) -> str:
    return desk.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=("51",)), ADMIN
    ).id


def _plan_for_many(desk: TestDesk) -> str:
    return desk.core.operation_planner.preview(
        OperationKind.CANCEL, ByExam(ids=(ExamId("70"),)), ADMIN
    ).id


def _held_for_one(desk: TestDesk) -> str:
    return desk.core.operation_commands.confirm(_plan_for_one(desk), ADMIN, reason="ill").id


def _held(desk: TestDesk) -> str:
    return desk.core.operation_commands.confirm(_plan_for_many(desk), ADMIN, reason="closed").id


def _ended(desk: TestDesk) -> str:
    return desk.carry(desk.journal.operation(_held(desk))).id


def _not_told(desk: TestDesk) -> str:
    """Students without an e-mail address."""
    plan, why = _plan_for_many(desk), "the venue is closed"
    operation = desk.core.operation_commands.confirm(plan, ADMIN, reason="closed", tell=why)
    return desk.carry(operation).id


def _refunded(desk: TestDesk) -> str:
    return desk.run("53").id


def _swept(desk: TestDesk) -> Sweep:
    sweep = desk.core.sweep_runner.ask(SweepMode.FULL, ADMIN)
    desk.carry_on(Work.SWEEP, sweep.id)
    return desk.journal.sweep(sweep.id)


def _drifting(desk: TestDesk) -> object:
    return desk.core.repair_runner.of_record("1", ADMIN)


def _contact(desk: TestDesk) -> object:
    return desk.crm.contacts([ANN])[ANN]


def _adjusted(desk: TestDesk) -> str:
    plan = desk.core.adjustment_planner.preview(PLUS_ONE, ADMIN)
    return desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="r")).id


def _exam_act(desk: TestDesk) -> str:
    return desk.core.whole_exam_cancellation.ask(
        ExamId("70"), ADMIN, to=None, keeps=False, reason="r"
    ).id


def _exam_cancelled(desk: TestDesk) -> None:
    desk.core.exam_cancellation.cancel(ExamId("70"), ADMIN, reason="r")


def _key(desk: TestDesk) -> str:
    return desk.core.api_keys.make("app", [Scope.READ], ADMIN)[0].id


def _ben(desk: TestDesk) -> None:
    desk.core.access.grant(BEN, Role.STAFF, ADMIN)


def _asked_role(desk: TestDesk) -> None:
    desk.journal.ask_role(RoleRequest(email=BEN, role=Role.ADMIN, by=ADMIN.email, at=desk.time))


def _stranger(desk: TestDesk) -> None:
    for account in (replace(OTHER, subject="the first"), OTHER):
        desk.journal.meet_account(BEN, account, at=desk.time)


def _confirm(world: World, actor: Actor) -> object:
    return world.core.operation_commands.confirm(world.it, actor, reason="the venue is closed")


def _call_off(world: World, actor: Actor) -> object:
    return world.core.operation_commands.call_off(world.it, actor)


def _stop(world: World, actor: Actor) -> object:
    return world.core.operation_commands.stop(world.it, actor)


REQUEST = ApiRequest(
    client="admin-app",
    key="k",
    fingerprint="f",
    operation_id="r1",
    at=datetime(2026, 1, 1, tzinfo=UTC),
)
_OVER_HTTP = [
    Ask(
        "admin_requests.preview",
        ADMINS,
        lambda w, a: w.core.admin_requests.preview(REQUEST, PLUS_ONE, a),
    ),
    Ask(
        "admin_requests.confirm",
        ADMINS,
        lambda w, a: w.core.admin_requests.confirm(REQUEST, w.it, a, reason="r", typed=None),
        _plan_for_many,
    ),
    Ask(
        "admin_requests.stop",
        ADMINS,
        lambda w, a: w.core.admin_requests.stop(REQUEST, w.it, a, reason=""),
        _held,
    ),
    Ask(
        "admin_requests.retry",
        ADMINS,
        lambda w, a: w.core.admin_requests.retry(REQUEST, w.it, a),
        _ended,
    ),
    Ask(
        "admin_requests.plan",
        ADMINS,
        lambda w, a: w.core.admin_requests.plan(w.it, a),
        _plan_for_many,
    ),
    Ask(
        "admin_requests.rows",
        ADMINS,
        lambda w, a: w.core.admin_requests.rows(w.it, a, verdicts=(), limit=9, offset=0),
        _plan_for_many,
    ),
    Ask(
        "admin_requests.followed",
        ADMINS,
        lambda w, a: w.core.admin_requests.followed(w.it, a),
        _held,
    ),
    Ask(
        "admin_requests.items",
        ADMINS,
        lambda w, a: w.core.admin_requests.items(w.it, a, states=(), limit=9, offset=0),
        _held,
    ),
]
#: What shows an operation: for one student also to who may look that student up.
_SHOWS: dict[str, Callable[[World, Actor], object]] = {
    "plan": lambda w, a: w.core.operation_queries.plan(w.it, a),
    "followed": lambda w, a: w.core.operation_queries.followed(w.it, a),
    "progress": lambda w, a: w.core.operation_queries.progress(w.it, a),
    "items": lambda w, a: w.core.operation_queries.items(w.it, a),
    "each_item": lambda w, a: list(w.core.operation_queries.each_item(w.it, a)),
    "warnings": lambda w, a: w.core.operation_queries.warnings(w.it, a),
    "retried_at": lambda w, a: w.core.operation_queries.retried_at(
        w.desk.journal.operation(w.it), a
    ),
    "report": lambda w, a: w.core.operation_queries.report(w.desk.journal.operation(w.it), a),
}
_OF_ONE_STUDENT = [
    Ask(f"operation_queries.{name}", roles, call, given, case)
    for name, call in _SHOWS.items()
    for roles, given, case in (
        (EVERYBODY, _held_for_one, "for one student"),
        (WATCHERS, _held, "for many"),
    )
]
_KEPT = [
    Ask(
        "KeptPlans.plan",
        roles,
        lambda w, a: w.core.operation_queries.plans.plan(w.it, a),
        given,
        case,
    )
    for roles, given, case in (
        (EVERYBODY, _held_for_one, "for one student"),
        (WATCHERS, _held, "for many"),
    )
]
ReadsDrift = Callable[[DriftQueries, World, Actor], object]
_READS_DRIFT: dict[str, ReadsDrift] = {
    "sweeps": lambda q, _, a: q.sweeps(a, limit=9),
    "sweep": lambda q, w, a: q.sweep(w.it.id, a),
    "counts": lambda q, w, a: q.counts(w.it.id, a),
    "page": lambda q, w, a: q.page(w.it.id, Narrow(), a, limit=9),
    "gaps": lambda q, w, a: q.gaps(w.it.id, a),
    "repairs": lambda q, _, a: q.repairs(a, limit=9),
    "repair": lambda q, _, a: q.repair("r1", a),
    "repair_rows": lambda q, _, a: q.repair_rows("r1", a),
    "repaired": lambda q, w, a: q.repaired(w.it, a),
    "repaired_since": lambda q, w, a: q.repaired_since(w.it, a),
}


def _read_drift(read: ReadsDrift, world: World, actor: Actor) -> object:
    return read(world.core.drift_queries, world, actor)


_OF_DRIFT = [
    Ask(
        f"drift_queries.{name}",
        WATCHERS,
        partial(_read_drift, read),
        _swept,
    )
    for name, read in _READS_DRIFT.items()
]
ASKS = [
    Ask("access.people", ADMINS, lambda w, a: w.core.access.people(a)),
    Ask("access.grant", ADMINS, lambda w, a: w.core.access.grant(BEN, Role.ADMIN, a)),
    Ask("access.withdraw", ADMINS, lambda w, a: w.core.access.withdraw(BEN, a), _ben),
    Ask("access.requests", ADMINS, lambda w, a: w.core.access.requests(a)),
    Ask("access.requests_for", ADMINS, lambda w, a: w.core.access.requests_for(a)),
    Ask("access.approve", ADMINS, lambda w, a: w.core.access.approve(BEN, a), _asked_role),
    Ask("access.refuse", ADMINS, lambda w, a: w.core.access.refuse(BEN, a), _asked_role),
    Ask("access.strangers", ADMINS, lambda w, a: w.core.access.strangers(a)),
    Ask("access.accept", ADMINS, lambda w, a: w.core.access.accept(BEN, OTHER, a), _stranger),
    Ask(
        "adjustment_planner.preview",
        ADMINS,
        lambda w, a: w.core.adjustment_planner.preview(PLUS_ONE, a),
    ),
    Ask(
        "adjustment_planner.again",
        ADMINS,
        lambda w, a: w.core.adjustment_planner.again(w.desk.journal.plan(w.it), a, without=()),
        lambda desk: desk.core.adjustment_planner.preview(PLUS_ONE, ADMIN).id,
    ),
    Ask(
        "adjustment_planner.undone",
        ADMINS,
        lambda w, a: w.core.adjustment_planner.undone(w.desk.journal.operation(w.it), a),
        _adjusted,
    ),
    Ask("exam_activation.due", EVERYBODY, lambda w, a: w.core.exam_activation.due(a)),
    Ask("exam_activation.past", EVERYBODY, lambda w, a: w.core.exam_activation.past(a)),
    Ask("exam_activation.activate", ADMINS, lambda w, a: w.core.exam_activation.activate(a)),
    Ask("student_names.of", EVERYBODY, lambda w, a: w.core.student_names.of(["1"], a)),
    Ask(
        "student_names.whose",
        EVERYBODY,
        lambda w, a: w.core.student_names.whose([(Kind.CONTACT, "1")], a),
    ),
    Ask("api_keys.keys", ADMINS, lambda w, a: w.core.api_keys.keys(a)),
    Ask("api_keys.make", ADMINS, lambda w, a: w.core.api_keys.make("app", [Scope.READ], a)),
    Ask("api_keys.withdraw_all", ADMINS, lambda w, a: w.core.api_keys.withdraw_all(a), _key),
    Ask("api_keys.withdraw", ADMINS, lambda w, a: w.core.api_keys.withdraw(w.it, a), _key),
    *_OVER_HTTP,
    Ask(
        "eligibility.student",
        EVERYBODY,
        lambda w, a: w.core.eligibility.student("900", "ann@example.test", a),
    ),
    Ask("eligibility.contact", EVERYBODY, lambda w, a: w.core.eligibility.contact(ANN, a)),
    Ask("eligibility.bookings", EVERYBODY, lambda w, a: w.core.eligibility.bookings(ANN, a)),
    Ask(
        "eligibility.booking",
        EVERYBODY,
        lambda w, a: w.core.eligibility.booking(ANN, BookingId("51"), a),
    ),
    Ask("eligibility.exam", EVERYBODY, lambda w, a: w.core.eligibility.exam(WISH, a)),
    Ask(
        "eligibility.mock_type",
        EVERYBODY,
        lambda w, a: w.core.eligibility.mock_type(ANN, "Clinical Skills", a),
    ),
    Ask(
        "eligibility.open_sessions",
        EVERYBODY,
        lambda w, a: w.core.eligibility.open_sessions(ANN, a),
    ),
    Ask("desks.look", ADMINS, lambda w, a: w.core.desks.look(a)),
    Ask("desks.takeovers", WATCHERS, lambda w, a: w.core.desks.takeovers(a)),
    Ask("desks.take_over", ADMINS, lambda w, a: w.core.desks.take_over(a, reason="gone")),
    Ask("approvals.read", ADMINS, lambda w, a: w.core.approvals.read(w.it, a), _held),
    Ask("approvals.approve", ADMINS, lambda w, a: w.core.approvals.approve(w.it, a), _held),
    Ask("approvals.refuse", ADMINS, lambda w, a: w.core.approvals.refuse(w.it, a, "no"), _held),
    Ask("approvals.renew", ADMINS, lambda w, a: w.core.approvals.renew(w.it, a), _held),
    Ask("audit_log.find", WATCHERS, lambda w, a: w.core.audit_log.find(Sought(), a)),
    Ask("audit_log.count", WATCHERS, lambda w, a: w.core.audit_log.count(Sought(), a)),
    Ask("audit_log.sizes", WATCHERS, lambda w, a: w.core.audit_log.sizes(["op"], a)),
    Ask("audit_log.export", WATCHERS, lambda w, a: list(w.core.audit_log.export(Sought(), a))),
    Ask("audit_log.verify", WATCHERS, lambda w, a: w.core.audit_log.verify(a)),
    Ask("audit_log.standing", WATCHERS, lambda w, a: w.core.audit_log.standing(a)),
    Ask("audit_log.glance", WATCHERS, lambda w, a: w.core.audit_log.glance(a)),
    Ask("booking_preview.sessions", DESK, lambda w, a: w.core.booking_preview.sessions(a)),
    Ask(
        "booking_preview.preview",
        DESK,
        lambda w, a: w.core.booking_preview.preview(WISH, a),
        case="with a credit",
    ),
    Ask(
        "booking_preview.preview",
        ADMINS,
        lambda w, a: w.core.booking_preview.preview(FREE, a),
        case="for nothing",
    ),
    Ask("corrections.open", WATCHERS, lambda w, a: w.core.corrections.open(w.it, a), _ended),
    Ask("corrections.preview", ADMINS, lambda w, a: w.core.corrections.preview(w.it, a), _ended),
    Ask(
        "corrections.findings", WATCHERS, lambda w, a: w.core.corrections.findings(w.it, a), _ended
    ),
    Ask(
        "corrections.decide",
        ADMINS,
        lambda w, a: w.core.corrections.decide(w.it, "w@1/cs_credits/+0", 1, a, "seen"),
        _ended,
    ),
    Ask("undo_planner.of", WATCHERS, lambda w, a: w.core.undo_planner.of(w.it, a), _refunded),
    Ask(
        "undo_planner.preview", ADMINS, lambda w, a: w.core.undo_planner.preview(w.it, a), _refunded
    ),
    Ask(
        "resolution.decide",
        ADMINS,
        lambda w, a: w.core.resolution.decide(w.it, WriteId("w"), a, landed=True, why="seen"),
        _ended,
    ),
    Ask(
        "resolution.rule",
        ADMINS,
        lambda w, a: w.core.resolution.rule(w.it, BookingId("500"), a, refunded=True, why="seen"),
        _ended,
    ),
    Ask("resolution.unclear", WATCHERS, lambda w, a: w.core.resolution.unclear(w.it, a)),
    Ask("resolution.undecided", WATCHERS, lambda w, a: w.core.resolution.undecided(w.it, a)),
    Ask("resolution.doubts", WATCHERS, lambda w, a: w.core.resolution.doubts([], a)),
    Ask("Diagnosing.provision", ADMINS, lambda w, a: w.desk.doctor().provision(a)),
    Ask(
        "exam_cancellation.preview",
        ADMINS,
        lambda w, a: w.core.exam_cancellation.preview(ExamId("70"), a),
    ),
    Ask(
        "exam_cancellation.cancel",
        ADMINS,
        lambda w, a: w.core.exam_cancellation.cancel(ExamId("70"), a, reason="r"),
    ),
    Ask(
        "exam_cancellation.reopen",
        ADMINS,
        lambda w, a: w.core.exam_cancellation.reopen(ExamId("70"), a, reason="r"),
        _exam_cancelled,
    ),
    Ask(
        "whole_exam_cancellation.preview",
        ADMINS,
        lambda w, a: w.core.whole_exam_cancellation.preview(ExamId("70"), a, to=None, keeps=False),
    ),
    Ask(
        "whole_exam_cancellation.ask",
        ADMINS,
        lambda w, a: w.core.whole_exam_cancellation.ask(
            ExamId("70"), a, to=None, keeps=False, reason="r"
        ),
    ),
    Ask(
        "whole_exam_cancellation.stop",
        ADMINS,
        lambda w, a: w.core.whole_exam_cancellation.stop(w.it, a),
        _exam_act,
    ),
    Ask(
        "whole_exam_cancellation.report",
        EVERYBODY,
        lambda w, a: w.core.whole_exam_cancellation.report(ExamId("70"), a),
    ),
    Ask("exporter.operations", WATCHERS, lambda w, a: w.core.exporter.operations(a)),
    Ask("exporter.audit", WATCHERS, lambda w, a: w.core.exporter.audit(Sought(), a)),
    Ask("exporter.owed", WATCHERS, lambda w, a: w.core.exporter.owed(a)),
    Ask("exporter.drift", WATCHERS, lambda w, a: w.core.exporter.drift(a, "s1")),
    Ask("exporter.students", ADMINS, lambda w, a: w.core.exporter.students(a)),
    Ask("exporter.exams", EVERYBODY, lambda w, a: w.core.exporter.exams(a)),
    Ask("exporter.write", ADMINS, lambda w, a: w.core.exporter.write(STUDENTS, a, io.BytesIO())),
    Ask("exporter.taken", ADMINS, lambda w, a: w.core.exporter.taken(STUDENTS, a)),
    Ask("booking_finder.exams", EVERYBODY, lambda w, a: w.core.booking_finder.exams(a)),
    Ask(
        "booking_finder.contacts", EVERYBODY, lambda w, a: w.core.booking_finder.contacts(a, "ann")
    ),
    Ask("saved_filters.mine", WATCHERS, lambda w, a: w.core.saved_filters.mine("audit", a)),
    Ask(
        "saved_filters.save",
        WATCHERS,
        lambda w, a: w.core.saved_filters.save("audit", "x", {"who": "ann"}, a),
    ),
    Ask(
        "saved_filters.remove", WATCHERS, lambda w, a: w.core.saved_filters.remove("audit", "x", a)
    ),
    Ask("trend_reader.acts", WATCHERS, lambda w, a: w.core.trend_reader.acts(a, MONTH, UTC)),
    Ask("trend_reader.exams", WATCHERS, lambda w, a: w.core.trend_reader.exams(a, MONTH, UTC)),
    Ask(
        "trend_reader.repair_times",
        WATCHERS,
        lambda w, a: w.core.trend_reader.repair_times(a, MONTH, UTC),
    ),
    Ask(
        "trend_reader.repaired",
        WATCHERS,
        lambda w, a: w.core.trend_reader.repaired(a, MONTH, MONTH),
    ),
    Ask(
        "trend_reader.drift", WATCHERS, lambda w, a: w.core.trend_reader.drift(a, (), MONTH, MONTH)
    ),
    Ask(
        "trend_reader.levels",
        WATCHERS,
        lambda w, a: w.core.trend_reader.levels(a, [], MONTH, MONTH),
    ),
    Ask(
        "operation_queries.operation",
        WATCHERS,
        lambda w, a: w.core.operation_queries.operation(w.it, a),
        _held,
    ),
    Ask(
        "operation_queries.operations",
        WATCHERS,
        lambda w, a: w.core.operation_queries.operations(a, limit=9),
    ),
    Ask(
        "operation_queries.also_planned",
        EVERYBODY,
        lambda w, a: w.core.operation_queries.also_planned(w.desk.journal.plan(w.it), a),
        _held,
    ),
    Ask(
        "operation_queries.writes",
        WATCHERS,
        lambda w, a: w.core.operation_queries.writes(w.it, a),
        _ended,
    ),
    Ask(
        "operation_queries.writes_counted",
        WATCHERS,
        lambda w, a: w.core.operation_queries.writes_counted(w.it, a),
        _ended,
    ),
    Ask(
        "operation_queries.copies_of",
        WATCHERS,
        lambda w, a: w.core.operation_queries.copies_of(w.desk.journal.operation(w.it), [], a),
        _ended,
    ),
    Ask(
        "operation_queries.names_written",
        WATCHERS,
        lambda w, a: w.core.operation_queries.names_written(
            w.desk.journal.operation(w.it), w.desk.journal.writes(w.it), a
        ),
        _ended,
    ),
    Ask("operation_queries.awaiting", WATCHERS, lambda w, a: w.core.operation_queries.awaiting(a)),
    Ask(
        "operation_queries.named",
        WATCHERS,
        lambda w, a: w.core.operation_queries.named([w.it], a),
        _held,
    ),
    Ask(
        "operation_queries.progress_of",
        WATCHERS,
        lambda w, a: w.core.operation_queries.progress_of([w.it], a),
        _held,
    ),
    *_OF_ONE_STUDENT,
    *_KEPT,
    Ask("copy_queries.state", EVERYBODY, lambda w, a: w.core.copy_queries.state(a)),
    Ask("copy_queries.oldest_error", EVERYBODY, lambda w, a: w.core.copy_queries.oldest_error(a)),
    Ask("copy_queries.pending", WATCHERS, lambda w, a: w.core.copy_queries.pending(a, limit=9)),
    Ask("copy_queries.failed", WATCHERS, lambda w, a: w.core.copy_queries.failed(a, limit=9)),
    Ask("copy_queries.errors", WATCHERS, lambda w, a: w.core.copy_queries.errors(a)),
    Ask("copy_queries.copies", WATCHERS, lambda w, a: w.core.copy_queries.copies(a)),
    *_OF_DRIFT,
    Ask("retention.forget", ADMINS, lambda w, a: w.core.retention.forget(a, before=w.desk.time)),
    Ask("student_search.find", EVERYBODY, lambda w, a: w.core.student_search.find("ann", a)),
    Ask(
        "student_search.find_in_hubspot",
        EVERYBODY,
        lambda w, a: w.core.student_search.find_in_hubspot("ann", a),
    ),
    Ask("access_log.looked", EVERYBODY, lambda w, a: w.core.access_log.looked(ANN, a)),
    Ask(
        "access_log.searched", EVERYBODY, lambda w, a: w.core.access_log.searched("ada", 3, "x", a)
    ),
    Ask("operation_commands.confirm", DESK, _confirm, _plan_for_one, "for one student"),
    Ask("operation_commands.confirm", ADMINS, _confirm, _plan_for_many, "for many"),
    Ask("operation_commands.call_off", DESK, _call_off, _held_for_one, "for one student"),
    Ask("operation_commands.call_off", ADMINS, _call_off, _held, "for many"),
    Ask("operation_commands.stop", DESK, _stop, _held_for_one, "for one student"),
    Ask("operation_commands.stop", ADMINS, _stop, _held, "for many"),
    Ask("blocked_items.open", WATCHERS, lambda w, a: w.core.blocked_items.open(w.it, a), _ended),
    Ask(
        "blocked_items.look_again",
        ADMINS,
        lambda w, a: w.core.blocked_items.look_again(w.it, a),
        _ended,
    ),
    Ask(
        "blocked_items.dismiss",
        ADMINS,
        lambda w, a: w.core.blocked_items.dismiss(w.it, a, reason="seen"),
        _ended,
    ),
    Ask(
        "student_notices.again",
        ADMINS,
        lambda w, a: w.core.student_notices.again(w.it, a),
        _not_told,
    ),
    Ask(
        "student_notices.not_told",
        WATCHERS,
        lambda w, a: w.core.student_notices.not_told(w.it, a),
        _not_told,
    ),
    Ask(
        "operation_commands.retry",
        ADMINS,
        lambda w, a: w.core.operation_commands.retry(w.it, a),
        _ended,
    ),
    Ask(
        "operation_commands.history",
        WATCHERS,
        lambda w, a: w.core.operation_commands.history(w.it, a),
        _ended,
    ),
    Ask("week_reader.read", WATCHERS, lambda w, a: w.core.week_reader.read(a, zone=UTC)),
    Ask("first_jobs.found", EVERYBODY, lambda w, a: w.core.first_jobs.found(a)),
    Ask("overview_reader.read", WATCHERS, lambda w, a: w.core.overview_reader.read(a)),
    Ask(
        "overview_reader.today",
        WATCHERS,
        lambda w, a: w.core.overview_reader.today(a, since=w.desk.time),
    ),
    Ask("owed_credits.owed", WATCHERS, lambda w, a: w.core.owed_credits.owed(a)),
    Ask("owed_credits.everything", ADMINS, lambda w, a: w.core.owed_credits.everything(a)),
    Ask("owed_credits.each", WATCHERS, lambda w, a: list(w.core.owed_credits.each(a))),
    Ask("owed_credits.summary", WATCHERS, lambda w, a: w.core.owed_credits.summary(a, first=1)),
    Ask("event_announcer.state", WATCHERS, lambda w, a: w.core.event_announcer.state(a)),
    Ask("event_announcer.dead", WATCHERS, lambda w, a: w.core.event_announcer.dead(a)),
    Ask("event_announcer.retry", ADMINS, lambda w, a: w.core.event_announcer.retry(a)),
    Ask("owed_decisions.baseline", EVERYBODY, lambda w, a: w.core.owed_decisions.baseline(a)),
    Ask(
        "owed_decisions.set_baseline",
        ADMINS,
        lambda w, a: w.core.owed_decisions.set_baseline(w.desk.time, "adopted", a),
    ),
    Ask(
        "owed_decisions.withdraw_baseline",
        ADMINS,
        lambda w, a: w.core.owed_decisions.withdraw_baseline("a mistake", a),
    ),
    Ask("owed_decisions.choice", ADMINS, lambda w, a: w.core.owed_decisions.choice(OWED, a)),
    Ask(
        "owed_decisions.decide",
        ADMINS,
        lambda w, a: w.core.owed_decisions.decide(
            w.core.owed_credits.listed(), owed=False, reason="a no-show", actor=a
        ),
    ),
    Ask(
        "owed_decisions.withdraw",
        ADMINS,
        lambda w, a: w.core.owed_decisions.withdraw([BookingId("500")], "a mistake", a),
    ),
    Ask(
        "operation_planner.judged",
        ADMINS,
        lambda w, a: w.core.operation_planner.judged(
            OperationKind.REFUND, ByReference(references=("53",)), a
        ),
    ),
    Ask(
        "operation_planner.preview",
        DESK,
        lambda w, a: w.core.operation_planner.preview(
            OperationKind.CANCEL, ByContact(ids=(ContactId("1"),)), a
        ),
        case="a cancellation for one student",
    ),
    Ask(
        "operation_planner.preview",
        ADMINS,
        lambda w, a: w.core.operation_planner.preview(
            OperationKind.CANCEL, ByReference(references=("51", "52")), a
        ),
        case="a cancellation for two",
    ),
    Ask(
        "operation_planner.preview",
        ADMINS,
        lambda w, a: w.core.operation_planner.preview(
            OperationKind.CANCEL, ByExam(ids=(ExamId("70"),)), a
        ),
        case="a cancellation of an exam",
    ),
    Ask(
        "operation_planner.preview",
        ADMINS,
        lambda w, a: w.core.operation_planner.preview(
            OperationKind.REFUND, ByReference(references=("53",)), a
        ),
        case="a refund for one student",
    ),
    Ask("contact_page.contact", EVERYBODY, lambda w, a: w.core.contact_page.contact(ANN, a)),
    Ask(
        "contact_page.stands",
        EVERYBODY,
        lambda w, a: w.core.contact_page.stands(w.it, a),
        _contact,
    ),
    Ask("contact_page.copy_again", ADMINS, lambda w, a: w.core.contact_page.copy_again(ANN, a)),
    Ask("readiness.working", EVERYBODY, lambda w, a: w.core.readiness.working(a)),
    Ask("readiness.workers", WATCHERS, lambda w, a: w.core.readiness.workers(a)),
    Ask(
        "seat_recount.preview", ADMINS, lambda w, a: w.core.seat_recount.preview([ExamId("70")], a)
    ),
    Ask(
        "seat_recount.recount", ADMINS, lambda w, a: w.core.seat_recount.recount([ExamId("70")], a)
    ),
    Ask("repair_runner.of_record", WATCHERS, lambda w, a: w.core.repair_runner.of_record("1", a)),
    Ask(
        "repair_runner.of_cause",
        WATCHERS,
        lambda w, a: w.core.repair_runner.of_cause(Cause.MISSING_ROW, a),
        _swept,
    ),
    Ask("repair_runner.of_all", WATCHERS, lambda w, a: w.core.repair_runner.of_all(a), _swept),
    Ask(
        "repair_runner.confirm",
        ADMINS,
        lambda w, a: w.core.repair_runner.confirm(w.it, a),
        _drifting,
    ),
    Ask(
        "restore_check.compare", WATCHERS, lambda w, a: w.core.restore_check.compare(w.desk.time, a)
    ),
    Ask("dead_letter_retry.retry", ADMINS, lambda w, a: w.core.dead_letter_retry.retry(a)),
    Ask(
        "exam_sessions.sessions",
        EVERYBODY,
        lambda w, a: w.core.exam_sessions.sessions(date(2026, 1, 1), None, a),
    ),
    Ask(
        "exam_sessions.session",
        EVERYBODY,
        lambda w, a: w.core.exam_sessions.session(ExamId("70"), a),
    ),
    Ask(
        "exam_sessions.change",
        ADMINS,
        lambda w, a: w.core.exam_sessions.change(ExamId("70"), CLOSED, a),
    ),
    Ask(
        "sweep_runner.ask",
        WATCHERS,
        lambda w, a: w.core.sweep_runner.ask(SweepMode.FULL, a),
        case="a check",
    ),
    Ask(
        "sweep_runner.ask",
        ADMINS,
        lambda w, a: w.core.sweep_runner.ask(SweepMode.COPY, a),
        case="a copy",
    ),
    Ask(
        "sweep_runner.nothing_copied",
        WATCHERS,
        lambda w, a: w.core.sweep_runner.nothing_copied(a),
    ),
]


#: What a service does for nobody in particular, and why nobody is asked. Anything else that a
#: service offers says who asks, and stands above.
UNASKED = {
    "who a person is: asked before there is an actor": {
        "Access.actor",
        "Access.same_people",
        "Access.second_faults",
        "Access.seconds",
        "Access.acts_for_admins",
        "Access.admin_through",
        "Access.first_admin",
        "Access.is_first",
        "Access.may",
        "Access.other_admins",
        "Access.waits",
        "Approvals.person_faults",
        "Approvals.whom_to_ask",
        "Access.signed_in",
        "Access.vouched",
        "AdminRequests.admin",
        "AccessLog.signed_in",
        "AccessLog.signed_out",
        "AccessLog.refused",
        "SignIns.begin",
        "SignIns.end",
        "SignIns.require",
    },
    "the engine's: carries what somebody who may has confirmed": {
        "WholeExamCancellation.carry_out",
        "OperationRunner.carry_out",
        "OperationRunner.follow_up",
        "OperationRunner.lend_a_hand",
        "Crew.asked",
        "Crew.carry",
        "Crew.lend_a_hand",
        "ProcessorTime.short",
        "Fitness.failed",
        "Fitness.worked",
        "ExamConsequences.of_landed",
        "ExamConsequences.of_undecided",
        "PostProcessing.finish",
        "LossCorrection.correct",
        "LossCorrection.wanted",
        "WriteVerification.compare",
        "WriteVerification.moved",
        "WriteVerification.save",
        "WriteVerification.verify",
        "BookSteps.carry",
        "BookSteps.recovered",
        "CommonSteps.conclude",
        "CommonSteps.waiting",
        "AdjustSteps.carry",
        "CorrectSteps.carry",
        "CreditSteps.recovered",
        "RecountSteps.carry",
        "RecountSteps.conclude",
        "RecountSteps.recovered",
        "ForfeitSteps.carry",
        "MoveSteps.carry",
        "MoveSteps.recovered",
        "RefundSteps.carry",
        "CancelSteps.waiting",
        "UndoSteps.carry",
        "ContactConsequences.of_landed",
        "ContactConsequences.of_undecided",
        "Recording.items",
        "Recording.record",
        "Erasing.erase",
        "Merges.settle",
        "EventAnnouncer.fault",
        "OwedCheck.of",
        "StoreReport.look",
        "OwedCheck.why_never_owed",
        "AdjustCheck.allowed",
        "AdjustCheck.read",
        "RefundCheck.allowed",
        "RefundCheck.over",
        "RefundCheck.read",
        "Starts.stopping",
        "Starts.turn",
        "RepairRunner.carry_out",
        "RepairRunner.mend_unattended",
        "SeatsLeft.allowed",
        "SeatsLeft.read",
        "MoveConsequences.of_landed",
        "MoveConsequences.of_undecided",
        "SeatConsequences.of_landed",
        "SeatConsequences.of_undecided",
        "Settling.send",
        "Settling.settle_open",
        "SweepRunner.carry_out",
        "Writing.write",
        "Writing.strangers",
        "KnownWrites.strangers",
        "KnownWrites.unknown",
        "Desks.barred",
        "Desks.id",
        "Desks.in_doubt",
        "Desks.others",
        "Desks.objections",
        "Desks.require_alone",
        "Desks.findings",
        "CopyDirection.findings",
    },
    "the clock's: due whoever is there": {
        "ExamActivation.on_schedule",
        "Retention.on_schedule",
        "Alarms.dead_letters",
        "Alarms.look",
        "AuditLog.judged",
        "AuditLog.look",
        "BalanceHistories.by_others",
        "BalanceHistories.landed",
        "BookingLooks.look",
        "LateLooks.look",
        "TellingStudents.tell",
        "AccessLog.first_admins",
        "AccessLog.settings",
        "Rationing.acted",
        "Rationing.listed",
        "Rationing.opened",
        "GaugeRecorder.measure",
        "MeasuringThread.start",
        "MeasuringThread.stop",
        "Scheduler.late",
        "HeadShipping.kept",
        "HeadShipping.ship",
        "Scheduler.next_times",
        "Scheduler.tick",
        "ScheduleThread.start",
        "ScheduleThread.stop",
        "RepairRunner.mend_unattended",
        "Desks.renew",
        "ClockWatch.look",
        "QuietPeriod.left",
        "QuietPeriod.over",
        "SteadyClock.noticed",
        "SteadyClock.now",
        "SteadyClock.passed",
        "Desks.leave",
        "SweepRunner.ask_unattended",
        "SweepRunner.standing",
        "SweepRunner.found",
        "SweepRunner.unfinished",
        "PeriodicThread.start",
        "PeriodicThread.stop",
    },
    "copies the truth to the mirror, whoever changed it": {
        "WakeUp.close",
        "WakeUp.ring",
        "WakeUp.wait",
        "CopyLag.histogram",
        "CopyLag.record",
        "CopyLag.summary",
        "Comparing.compare",
        "Comparing.knows",
        "Comparing.known",
        "Comparing.records",
        "Comparing.reachable",
        "Comparing.balances",
        "Comparing.unreadable",
        "Comparing.settling",
        "Comparing.unlike",
        "Filling.compared",
        "ReadOnce.copied",
        "ListReader.parts",
        "SweepPages.of",
        "Erasing.erase",
        "PendingRemovals.close",
        "PendingRemovals.put",
        "DirectCopies.made",
        "DirectCopies.offer",
        "DirectCopies.offer_read",
        "DirectCopies.saved",
        "DirectCopies.take",
        "DirectCopies.take_read",
        "CallCount.add",
        "ContextPool.submit",
        "InlineExecutor.submit",
        "RepairStep.copied",
        "RepairStep.down",
        "RepairStep.mended",
        "Merges.settle",
        "MirrorThreads.start",
        "MirrorThreads.stop",
        "MirrorCopier.drain",
        "MirrorCopier.needless",
        "MirrorCopier.nudge",
        "MirrorCopier.offer",
        "MirrorCopier.offer_read",
        "MirrorCopier.probe",
        "MirrorCopier.put",
        "MirrorCopier.put_later",
        "MirrorCopier.read_and_copy",
        "MirrorCopier.saved",
        "MirrorCopier.wait_until_empty",
        "Outage.failed",
        "Outage.room",
        "Outage.succeeded",
    },
    "who ended an operation that its page has opened": {"OperationCommands.called_off"},
    "what the students of a plan or operation that was opened are told": {
        "OperationCommands.against_telling",
        "StudentNotices.counts",
        "StudentNotices.offered",
        "StudentNotices.preview",
        "StudentNotices.would",
    },
    "an API client's, which proves itself by its key, whose scopes are asked": {
        "ApiKeys.admit",
        "StudentProof.signed_in",
        "StudentProof.about",
        "StudentProof.about_operation",
        "StudentProof.named",
        "IdempotentRequests.against",
        "IdempotentRequests.begin",
        "IdempotentRequests.book",
        "IdempotentRequests.cancel",
        "IdempotentRequests.ended",
        "IdempotentRequests.keep",
        "IdempotentRequests.outcome",
    },
    "HubSpot's: proved by its signature": {"WebhookReceiver.check_head", "WebhookReceiver.receive"},
    "what HubSpot's own merges and deletions ask of the copies": {
        "Erasing.erase",
        "Merges.settle",
    },
    "what a sweep found and needs no person's word": {"RepairRunner.mend_unattended"},
    "what was saved to be sent, whoever is there": {"EventAnnouncer.drain"},
    "part of a service that has asked": {
        "KeptAnswers.ask",
        "KeptAnswers.ask_each",
        "KeptProgress.of",
        "AdjustmentPlanner.afresh",
        "Corrections.afresh",
        "Corrections.standing",
        "BookingFinder.among",
        "BookingFinder.bookings",
        "Holding.until",
        "OwedCredits.count",
        "OwedCredits.listed",
        "KeptPlans.frozen",
        "KeptPlans.let_go",
        "OperationPlanner.afresh",
        "Preflight.check",
        "Preflight.meanwhile",
        "ExamSessions.exam",
        "ExamSessions.set",
        "Tally.refused",
        "Tally.took",
        "UndoPlanner.afresh",
    },
    "the server's: health and figures, without a student in them": {
        "FactsReader.read",
        "Part.begin",
        "Part.found",
        "Part.known",
        "Readiness.findings",
        "Readiness.glance",
        "Metrics.quota",
        "Metrics.read",
        "Metrics.well_s_ago",
        "Scheduler.day_of",
    },
    "what HubSpot tells of itself and its staff, and of no student": {
        "AccountDirectory.named",
        "AccountDirectory.record_url",
        "Kept.get",
    },
    "the students that a service which asked has found": {
        "Named.of",
        "Rationing.named",
        "StudentNames.kept",
    },
    "the command line's: whoever holds the settings holds the accounts": {
        "Clocks.findings",
        "Diagnosing.findings",
    },
}


def desk() -> TestDesk:
    made = TestDesk(tell_by=TellBy(channel=Channel.PROPERTIES))
    made.crm.add_contact("1", {"cs_credits": 2, "sj_credits": 1})
    made.crm.add_contact("2", {"cs_credits": 2})
    made.booked("51", "1", status="Active")
    made.booked("52", "2", status="Active")
    made.booked("53", "1", token=SJ)
    return made


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
def test_each_role_is_served_what_the_design_allows_and_nothing_else(ask: Ask, role: Role) -> None:
    made = desk()
    world = World(made, ask.given(made))
    somebody = Actor(email="somebody@example.test", role=role)
    made.core.access.grant(somebody.email, role, ADMIN)
    before = state(made)
    if role in ask.roles:
        with suppress(UnknownId, StateConflict, BadList):  # nothing of the kind is there
            ask.call(world, somebody)
        return

    with pytest.raises(NotAllowed, match=r"(An|The) admin( \S+)? may, or can give the role"):
        ask.call(world, somebody)
    assert before == state(made)


@pytest.mark.parametrize(
    "method", ["operation_commands.confirm", "access.grant", "exam_sessions.change"]
)
def test_what_is_compared_above_would_show_a_change(method: str) -> None:
    made = desk()
    ask = next(ask for ask in ASKS if ask.method == method)
    world = World(made, ask.given(made))
    before = state(made)

    ask.call(world, ADMIN)

    assert before != state(made)


def state(made: TestDesk) -> str:
    """All that the stores hold, and what the engine was given."""
    held = (made.journal, made.crm.truth, made.mirror, made.engine)
    return re.sub(r" at 0x[0-9a-f]+", "", "\n".join(str(_all_of(each)) for each in held))


def _all_of(store: object) -> dict[str, object]:
    slots = [slot for cls in type(store).__mro__ for slot in getattr(cls, "__slots__", ())]
    names = [*getattr(store, "__dict__", {}), *slots]
    return {name: getattr(store, name) for name in names if hasattr(store, name)}


def offered() -> dict[str, inspect.Signature]:
    """Every public method of every class of the core that may ask and act, by its name."""
    found = {}
    for module in core_modules():
        if is_pure(module) or is_gateway(module.name) or is_port(module.name):
            continue
        if within_any(module.name, NO_SERVICES):
            continue
        for name, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if cls.__module__ != module.name or name.startswith("_"):
                continue
            if issubclass(cls, Exception) or getattr(cls, "_is_protocol", False):
                continue
            for method, function in vars(cls).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    found[f"{name}.{method}"] = inspect.signature(function)
    return found


def test_whatever_a_service_offers_asks_who_or_is_known_to_need_nobody() -> None:
    unasked = {name for name, told in offered().items() if "actor" not in told.parameters}
    known = {name for names in UNASKED.values() for name in names}

    assert known == unasked, "give it an actor that it checks, or say in UNASKED why it needs none"


def test_nobody_s_word_is_taken_for_the_actor() -> None:
    """No default: a call that forgets who asks does not run."""
    silent = [
        name
        for name, told in offered().items()
        if (actor := told.parameters.get("actor")) and actor.default is not actor.empty
    ]

    assert not silent


def test_whatever_asks_who_is_tried_here_as_every_role() -> None:
    by_class = {cls.__name__: field for field, cls in _core_services().items()}
    asking = {
        f"{by_class.get(cls, cls)}.{method}"
        for name, told in offered().items()
        if "actor" in told.parameters
        for cls, _, method in [name.partition(".")]
    }

    assert {ask.method for ask in ASKS} == asking


def _core_services() -> dict[str, type[Any]]:
    hints = get_type_hints(Core)
    return {field.name: hints[field.name] for field in fields(Core)}
