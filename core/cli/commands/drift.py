"""Commands on drift: copy, sweep and repair."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

import typer

from core.app.assembly.parts import Core
from core.cli.acting import actor_of
from core.cli.app import POLL_S, As, Json, Reason, WaitS, app
from core.cli.ending import unfinished
from core.cli.naming import students
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.cli.terminal import complain
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Actor
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.sweeps import Sweep, SweepMode
from core.students.names import Named

#: Of nobody.
NO_NAMES = Named({})
#: Rows in one report; all of them are in the operational store.
SHOWN = 200
NOTHING = {"repaired": 0, "still": [], "not_repairable": [], "left_alone": 0}


@app.command(name="copy")
def copy_everything(as_: As = "", timeout: WaitS = 6 * 3600, json: Json = False) -> None:
    """Copy every record of HubSpot to Supabase; rows that exist are compared.

    The first step of a new school. Goes on with an unfinished one, as a sweep does.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        asked = core.sweep_runner.ask(SweepMode.COPY, actor)
        runtime.start()
        progress = _Progress()
        done = _followed(lambda: _sweep(core, asked.id, progress.tell), timeout)
        counts, found = core.sweep_runner.found(done.id, limit=SHOWN)
        copied = {"copied": dict(done.copied), "left_to_outbox": done.left_alone}
        show(copied | _of_sweep(done, counts, _rows(core, actor, found)), as_json=json)
        if not done.complete:
            unfinished(f"copy {done.id} is {done.state}: {done.error or 'not all was copied'}")


@dataclass(slots=True)
class _Progress:
    """How far a copy is, for who waits: a line for each tenth."""

    tenths: int = 0

    def tell(self, sweep: Sweep) -> None:
        """On stderr, beside the report."""
        foretold = sweep.foretold()
        if foretold is None or (tenths := int(foretold.part * 10)) <= self.tenths:
            return
        self.tenths = tenths
        done, total = sum(sweep.known.values()), sum(sweep.expected.values())
        left = max(1, round(foretold.left.total_seconds()))
        complain(f"{done:,} of about {total:,} records copied or compared; about {left} s left")


@app.command()
def sweep(
    known: Annotated[bool, typer.Option("--known", help="all that Supabase holds")] = False,
    full: Annotated[bool, typer.Option("--full", help="and all that it should hold")] = False,
    as_: As = "",
    timeout: WaitS = 6 * 3600,
    json: Json = False,
) -> None:
    """Compare Supabase with HubSpot: what changed since the last sweep, or more by an option.

    Goes on with an unfinished one of its mode. While HubSpot or Supabase is away, it waits.
    """
    with told(), opened() as runtime:
        if known and full:
            raise BadList(["choose one of --known and --full"])
        mode = SweepMode.FULL if full else SweepMode.KNOWN if known else SweepMode.INCREMENTAL
        core = runtime.core
        if as_:
            asked = core.sweep_runner.ask(mode, core.access.actor(as_))
        else:
            asked = core.sweep_runner.ask_unattended(mode, by="command line")
        runtime.start()
        done = _followed(lambda: _sweep(core, asked.id), timeout)
        counts, found = core.sweep_runner.found(done.id, limit=SHOWN)
        # nobody asks for names where a schedule runs this, and its output is a log
        rows = _rows(core, actor_of(core, as_) if as_ else None, found)
        show(_of_sweep(done, counts, rows), as_json=json)
        if not done.complete:
            unfinished(f"sweep {done.id} is {done.state}: {done.error or 'not all was compared'}")


@app.command()
def repair(
    id_: Annotated[str, typer.Option("--id", metavar="ID", help="one record")] = "",
    cause: Annotated[str, typer.Option("--cause", metavar="CAUSE", help="all of one cause")] = "",
    all_: Annotated[bool, typer.Option("--all", help="all that the last sweep found")] = False,
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what drifts")] = False,
    as_: As = "",
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Copy HubSpot's values over rows that drift, and read both again as proof."""
    with told(), opened() as runtime:
        core = runtime.core
        if sum([bool(id_), bool(cause), all_]) != 1:
            raise BadList(["choose exactly one of --id, --cause and --all"])
        actor = actor_of(core, as_)
        repairing = core.repair_runner
        if all_:
            found = repairing.of_all(actor)
        else:
            found = (
                repairing.of_record(id_, actor) if id_ else repairing.of_cause(_cause(cause), actor)
            )
        if dry_run or not found:
            able = sum(drift.repairable for drift in found)
            show(
                {"would_repair": able, "drifts": _rows(core, actor, found)} if dry_run else NOTHING,
                as_json=json,
            )
            return
        asked = repairing.confirm(found, actor, reason)
        runtime.start()
        done = _followed(lambda: _repair(core, asked.id, actor), timeout)
        still = _rows_of(core, done, actor, RowState.STILL_DIFFERS)
        refused = _rows_of(core, done, actor, RowState.NOT_REPAIRABLE)
        show(_of_repair(core, actor, done, still, refused), as_json=json)
        if still:
            first = still[0]
            unfinished(
                f"{len(still):,} still differ, {first.drift.kind.value} {first.drift.record_id} "
                f"first: {first.why or first.drift.cause.value}"
            )


class _Followed(Protocol):
    """What is carried while the command waits."""

    @property
    def ended(self) -> bool: ...


F = TypeVar("F", bound=_Followed)
#: Why it waits, to be told on stderr.
Told = tuple[F, str]


def _sweep(
    core: Core, sweep_id: str, tell: Callable[[Sweep], None] = lambda _sweep: None
) -> Told[Sweep]:
    found = core.sweep_runner.standing(sweep_id)
    tell(found)
    return found, found.error and f"sweep {found.id} is {found.state}: {found.error}"


def _repair(core: Core, repair_id: str, actor: Actor) -> Told[Repair]:
    found = core.drift_queries.repair(repair_id, actor)
    waits = found.state is RepairState.PAUSED
    return found, f"repair {found.id} waits: {found.waiting_for}" if waits else ""


def _followed(look: Callable[[], Told[F]], timeout_s: float) -> F:
    """Wait for its end; this process is a worker meanwhile, so that there is one."""
    until, before = time.monotonic() + timeout_s, ""
    while True:
        found, why = look()
        if found.ended:
            return found
        if why and why != before:
            complain(f"{why}; it goes on by itself")
        before = why
        if time.monotonic() > until:
            told = f"not ended after {timeout_s:g} s; it continues when a worker runs"
            raise StateConflict(f"{told}. {why}".strip(), state="unended")
        time.sleep(POLL_S)


def _cause(word: str) -> Cause:
    """As screens or as tables write it: "older copy", "older_copy"."""
    for cause in Cause:
        if word.casefold() in {cause.value.casefold(), cause.name.casefold()}:
            return cause
    known = ", ".join(cause.name.lower() for cause in Cause)
    raise BadList([f"there is no cause {word!r}; causes are {known}"])


def _of_sweep(
    sweep: Sweep, counts: dict[Cause, int], rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "sweep": sweep.id,
        "mode": sweep.mode.value,
        "state": sweep.state.value,
        "started_at": sweep.started_at.isoformat(),
        "seconds": round((sweep.saved_at - sweep.started_at).total_seconds(), 1),
        "known": dict(sweep.known),
        "compared": dict(sweep.compared),
        "left_alone": sweep.left_alone,
        "drifting": sweep.drifting,
        "unexplained": sweep.unexplained,
        "causes": {cause.value: number for cause, number in Counter(counts).most_common()},
        "drifts": rows,
    }


def _rows_of(core: Core, repair: Repair, actor: Actor, state: RowState) -> list[RepairRow]:
    return core.drift_queries.repair_rows(repair.id, actor, states=[state])


def _of_repair(
    core: Core,
    actor: Actor,
    repair: Repair,
    still: Sequence[RepairRow],
    refused: Sequence[RepairRow],
) -> dict[str, Any]:
    return {
        "repair": repair.id,
        "repaired": repair.counts.get(RowState.REPAIRED, 0),
        "still": _now(core, actor, still[:SHOWN]),
        "not_repairable": _now(core, actor, refused[:SHOWN]),
        "left_alone": repair.counts.get(RowState.LEFT_ALONE, 0),
    }


def _now(core: Core, actor: Actor, found: Sequence[RepairRow]) -> list[dict[str, Any]]:
    told = _rows(core, actor, [row.drift for row in found])
    return [
        each | {"truth": dict(row.truth_now), "mirror": dict(row.mirror_now), "evidence": row.why}
        for each, row in zip(told, found, strict=True)
    ]


def _rows(core: Core, actor: Actor | None, drifts: Sequence[Drift]) -> list[dict[str, Any]]:
    """``actor``: who is told the students' names; None: nobody is."""
    shown = drifts[:SHOWN]
    records = [(drift.kind, drift.record_id) for drift in shown]
    named = students(core, actor, records) if actor else NO_NAMES
    return [
        {
            "kind": drift.kind.value,
            "id": drift.record_id,
            "student": named.of(drift.kind, drift.record_id).name,
            "cause": drift.cause.value,
            "truth": dict(drift.truth),
            "mirror": dict(drift.mirror),
            "evidence": core.account_directory.named(drift.evidence) if actor else drift.evidence,
            "since": drift.since.isoformat(),
            "repairable": drift.repairable,
        }
        for drift in shown
    ]
