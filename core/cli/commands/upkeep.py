"""Commands that look after the desk itself: outbox, doctor, provision, worker."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from math import ceil
from typing import Annotated, NoReturn

import typer

from core.app import wiring
from core.app.assembly.parts import Core
from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import As, Json, WaitS, app
from core.cli.ending import unfinished
from core.cli.naming import students
from core.cli.opened_store import opened
from core.cli.output import Unhealthy, show, told
from core.cli.terminal import complain
from core.credits.errors import BadList
from core.credits.roles import Act, Actor, Role
from core.health.fitness import GRACE_S as UNFIT_AFTER_S
from core.hubspot.ports.inspection import Health
from core.settings import load

#: A worker asked to end finishes what is in hand for at most this long.
GRACE_S = 25.0
#: Who acts where the settings name no admin yet.
NOBODY = "the command line"


@app.command()
def outbox(
    wait: Annotated[bool, typer.Option("--wait", help="copy until nothing is due")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", "--retry-dead", help="make dead letters due again")
    ] = False,
    error: Annotated[
        str, typer.Option("--error", metavar="TEXT", help="of --retry: those with this error")
    ] = "",
    timeout: WaitS = 300,
    as_: As = "",
    json: Json = False,
) -> None:
    """Copies to Supabase and events for other apps: how many are due, and which failed."""
    with told(), opened() as runtime:
        core = runtime.core
        if error and not retry:
            raise BadList(["--error goes with --retry"])
        actor = actor_of(core, as_)
        actor.require(Act.WATCH)
        if retry:
            core.dead_letter_retry.retry(actor, error=error or None)
            if not error:
                core.event_announcer.retry(actor)
        if wait:
            core.mirror_copier.wait_until_empty(
                core.operation_commands.now() + timedelta(seconds=timeout)
            )
        copies = core.copy_queries.copies(actor)
        whose = students(core, actor, [(row.kind, row.record_id) for row in copies.dead])
        report = reports.of_outbox(
            copies.state, copies.dead, whose, now=core.operation_commands.now()
        )
        report |= {"errors": dict(copies.errors)}
        if (events := core.event_announcer.state(actor)) is not None:
            oldest = events.oldest.isoformat() if events.oldest else None
            report["events"] = {"due": events.due, "dead": events.dead, "oldest": oldest}
        show(report, as_json=json)
        if wait and (copies.state.due or copies.state.dead):
            unfinished(
                f"{copies.state.due:,} copies still pending, {copies.state.dead:,} failed; "
                "python -m core outbox --retry retries those"
            )


@app.command()
def doctor(json: Json = False) -> None:
    """Check token, scopes, objects, properties, marker, Supabase and workers; how to mend each."""
    with told(), opened() as runtime:
        found = runtime.diagnosing.findings()
        faults = [finding for finding in found if finding.health is Health.FAULT]
        show({"healthy": not faults, "findings": reports.of_findings(found)}, as_json=json)
        if faults:
            raise Unhealthy([f"{each.what}: {each.said}. {each.mend}".strip() for each in faults])


@app.command("mirror-sql")
def mirror_sql(
    remove: Annotated[
        bool, typer.Option("--remove", help="print what takes Credit Desk out of it again")
    ] = False,
) -> None:
    """Print the SQL that makes a Supabase project ready, for the tables in the settings.

    Run it as the owner of the tables, in Supabase's SQL editor or with psql. It can be repeated.
    """
    with told():
        sys.stdout.write(wiring.mirror_sql(load(), remove=remove))


@app.command()
def provision(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what is missing")] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Make the desk's own properties in HubSpot where they are missing. Changes nothing else.

    They are the marker, the mark of a kept credit, and, where CREDIT_DESK_TELL is properties, those
    that a workflow listens to.
    """
    with told(), opened() as runtime:
        if dry_run:
            found = [f for f in runtime.diagnosing.findings() if f.health is Health.FAULT]
            show({"made": [], "faults": reports.of_findings(found)}, as_json=json)
            return
        show({"made": runtime.diagnosing.provision(_whoever(runtime.core, as_))}, as_json=json)


def _whoever(core: Core, as_: str) -> Actor:
    """Who sets up an account before anybody is an admin holds its token, and may."""
    email = as_ or core.access.first_admin()
    return core.access.actor(email) if email else Actor(email=NOBODY, role=Role.ADMIN)


@app.command()
def worker(
    unfit_after: Annotated[
        float,
        typer.Option(
            "--unfit-after",
            metavar="SECONDS",
            min=0,
            help="end after so long without memory, threads or files",
        ),
    ] = UNFIT_AFTER_S,
    json: Json = False,
) -> None:
    """Carry operations, sweeps, repairs, copies and schedules until told to stop.

    Takes over what a dead process left. At its end it says for how long it worked. One that cannot
    work any more ends with a reason and exit code 1, so that its supervisor starts it again.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with told(), opened() as runtime:
        began = runtime.core.operation_commands.now()
        runtime.fitness.grace_s, runtime.fitness.on_unfit = unfit_after, ended.set
        runtime.start()
        ended.wait()
        if runtime.fitness.reason:
            _end_unfit(runtime)
        seconds = (runtime.core.operation_commands.now() - began).total_seconds()
        runtime.stop(grace_s=GRACE_S)
        report = {"host": socket.gethostname(), "pid": os.getpid(), "seconds": round(seconds, 1)}
        show(report, as_json=json)


def _end_unfit(runtime: wiring.Runtime) -> NoReturn:
    """What is in hand may finish, if it can; then the process ends, whatever hangs."""
    signal.alarm(ceil(GRACE_S) + 5)  # it may not even be able to end
    complain(f"the worker ends: {runtime.fitness.reason}")
    with suppress(Exception):
        runtime.stop(grace_s=GRACE_S)
    os._exit(1)
