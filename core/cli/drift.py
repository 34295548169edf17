"""Commands on drift: sweep and repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from core import wiring
from core.cli.app import As, Json, app
from core.cli.output import show, told
from core.domain.drift import Cause, Drift
from core.domain.selections import BadList
from core.domain.sweeps import Sweep, SweepMode

#: Rows in one report; all of them are in the operational store.
SHOWN = 200


@app.command()
def sweep(
    known: Annotated[bool, typer.Option("--known", help="all that the mirror holds")] = False,
    full: Annotated[bool, typer.Option("--full", help="and all that it should hold")] = False,
    json: Json = False,
) -> None:
    """Compare the mirror with the truth: what changed since the last sweep, unless told more."""
    with told(), wiring.opened() as runtime:
        if known and full:
            raise BadList(["choose one of --known and --full"])
        mode = SweepMode.FULL if full else SweepMode.KNOWN if known else SweepMode.INCREMENTAL
        core = runtime.core
        done = core.sweeping.sweep(mode)
        found = core.journal.drifts(done.id, limit=SHOWN)
        show(_of_sweep(done, core.journal.drift_counts(done.id), found), as_json=json)


@app.command()
def repair(
    id_: Annotated[str, typer.Option("--id", metavar="ID", help="one record")] = "",
    cause: Annotated[str, typer.Option("--cause", metavar="CAUSE", help="all of one cause")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what drifts")] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Copy the truth over what drifts, and read both again as proof."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        if bool(id_) == bool(cause):
            raise BadList(["choose exactly one of --id and --cause"])
        actor = core.access.actor(as_ or core.access.first_admin())
        repairing = core.repairing
        found = repairing.of_record(id_) if id_ else repairing.of_cause(_cause(cause))
        if dry_run:
            able = sum(drift.repairable for drift in found)
            show({"would_repair": able, "drifts": _rows(found)}, as_json=json)
            return
        done = repairing.repair(found, actor)
        report = {
            "repaired": len(done.repaired),
            "still": _rows(done.still),
            "not_repairable": _rows(done.not_repairable),
            "left_alone": done.left_alone,
        }
        show(report, as_json=json)
        if done.still:
            raise typer.Exit(2)


def _cause(word: str) -> Cause:
    """As screens or as tables write it: "older copy", "older_copy"."""
    for cause in Cause:
        if word.casefold() in {cause.value.casefold(), cause.name.casefold()}:
            return cause
    known = ", ".join(cause.name.lower() for cause in Cause)
    raise BadList([f"there is no cause {word!r}; causes are {known}"])


def _of_sweep(sweep: Sweep, counts: dict[Cause, int], found: Sequence[Drift]) -> dict[str, Any]:
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
        "drifts": _rows(found),
    }


def _rows(drifts: Sequence[Drift]) -> list[dict[str, Any]]:
    return [
        {
            "kind": drift.kind.value,
            "id": drift.record_id,
            "cause": drift.cause.value,
            "truth": dict(drift.truth),
            "mirror": dict(drift.mirror),
            "evidence": drift.evidence,
            "since": drift.since.isoformat(),
            "repairable": drift.repairable,
        }
        for drift in drifts[:SHOWN]
    ]
