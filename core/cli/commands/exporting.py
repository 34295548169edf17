"""The command that takes a list out of the desk, whole, as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from core.app.assembly.parts import Core
from core.audit.entries import Sought
from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.cli.reports import Report
from core.credits.errors import BadList
from core.credits.private_files import private_output
from core.credits.roles import Actor
from core.exports.listings import Export, Listing

#: How each whole list is made. What is exported of one preview, operation or repair has its page.
LISTS: Mapping[str, Callable[[Core, Actor], Export]] = {
    Listing.OPERATIONS: lambda core, actor: core.exporter.operations(actor),
    Listing.AUDIT: lambda core, actor: core.exporter.audit(Sought(), actor),
    Listing.OWED: lambda core, actor: core.exporter.owed(actor),
    Listing.DRIFT: lambda core, actor: core.exporter.drift(actor),
    Listing.STUDENTS: lambda core, actor: core.exporter.students(actor),
    Listing.EXAMS: lambda core, actor: core.exporter.exams(actor),
}


@app.command()
def export(
    listing: Annotated[str, typer.Argument(metavar="|".join(LISTS), show_default=False)],
    csv: Annotated[Path, typer.Option("--csv", metavar="FILE", help="write it there")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Write a whole list as CSV; the export is recorded in the audit.

    Exams and students are as Supabase holds them, drift as the last complete check found it. All
    students are for admins. For part of the audit: audit --csv, with its filters.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if listing not in LISTS:
            raise BadList([f"{listing!r} is no list: {', '.join(LISTS)}"])
        show(taken(core, LISTS[listing](core, actor), actor, csv), as_json=json)


def taken(core: Core, export_: Export, actor: Actor, file: Path) -> Report:
    """Write it to this file; what is told of it."""
    with private_output(file) as out:
        written = core.exporter.write(export_, actor, out)
    return {"list": export_.listing.value, "written": written, "file": str(file)}
