"""Commands on the audit: read it, and verify that nobody changed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.audit.chain import FIELDS, JSON_FIELDS, Link
from core.audit.entries import Sought, What
from core.cli.acting import actor_of
from core.cli.app import COUNT_MAX, As, Json, app
from core.cli.commands.exporting import taken
from core.cli.ending import unfinished
from core.cli.finding import Day, known, utc
from core.cli.opened_store import opened
from core.cli.output import Unhealthy, show, told
from core.credits.errors import BadList
from core.health.audit_check.verify import EXPORT_MAX
from core.operations.verdicts import OperationKind

audit = typer.Typer(help="Who did what, when and why; and whether anybody changed it since.")
app.add_typer(audit, name="audit")


@audit.callback(invoke_without_command=True)
def entries(
    context: typer.Context,
    since: Day = None,
    until: Day = None,
    actor: Annotated[str, typer.Option("--actor", metavar="EMAIL", help="who did it")] = "",
    what: Annotated[
        list[str] | None, typer.Option("--what", metavar="ACT", help="repeatable")
    ] = None,
    operation: Annotated[str, typer.Option("--operation", metavar="ID")] = "",
    contact: Annotated[
        str, typer.Option("--contact", metavar="ID", help="also of its bookings")
    ] = "",
    booking: Annotated[
        str, typer.Option("--booking", metavar="ID", help="also of the writes of its credit")
    ] = "",
    exam: Annotated[
        str, typer.Option("--exam", metavar="ID", help="also of operations on its bookings")
    ] = "",
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="of operations of it; repeatable")
    ] = None,
    words: Annotated[str, typer.Option("--words", metavar="TEXT", help="in the reason")] = "",
    acts: Annotated[
        bool, typer.Option("--acts", help="without the bookings of operations and rows of repairs")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=EXPORT_MAX)] = 50,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="write all of them")
    ] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Entries, newest first. With --csv every matching one, whatever --limit says."""
    if context.invoked_subcommand is not None:
        return
    with told(), opened() as runtime:
        sought = Sought(
            since=utc(since),
            until=utc(until),
            actor=actor.strip(),
            what=known(what or [], What, "act"),
            operation_id=operation.strip(),
            contact_id=contact.strip(),
            booking_id=booking.strip(),
            exam_id=exam.strip(),
            kinds=known(kind or [], OperationKind, "kind"),
            words=words.strip(),
            acts_only=acts,
        )
        core = runtime.core
        who = actor_of(core, as_)
        if csv is not None:
            show(taken(core, core.exporter.audit(sought, who), who, csv), as_json=json)
            return
        links = list(core.audit_log.export(sought, who, limit=limit))
        report: dict[str, Any] = {"found": core.audit_log.count(sought, who)}
        show(report | {"entries": [_entry(link) for link in links]}, as_json=json)


@audit.command()
def verify(
    expect: Annotated[
        str, typer.Option("--expect", metavar="HASH", help="of a head that was noted before")
    ] = "",
    since: Annotated[
        int,
        typer.Option(
            "--since", metavar="N", min=0, max=COUNT_MAX, help="trust entries up to this one"
        ),
    ] = 0,
    heads: Annotated[
        Path | None,
        typer.Option("--heads", metavar="FILE", help="of heads that were shipped elsewhere"),
    ] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Go along the chain; exit code 1 and every fault when somebody changed it.

    Also of entries that somebody appended past the program: their times, sign-ins, roles and keys,
    and the writes that the store holds. Heads that were shipped to a file are looked for by itself.

    Exit code 2 when the log is empty, which proves nothing.

    Keep the hash that is printed somewhere else, and give it to --expect the next time: entries
    cut off at the end since then cannot be seen otherwise.
    """
    with told(), opened() as runtime:
        core = runtime.core
        verified = core.audit_log.verify(
            actor_of(core, as_),
            since=since,
            expect=expect.strip().casefold(),
            heads=_heads(heads) if heads else "",
        )
        head = verified.head
        is_empty = verified.total == 0 and not verified.faults
        whole = {
            "whole": None if is_empty else verified.whole,
            "entries": verified.total,
            "verified_from": since + 1,
        }
        report = whole | {"head": {"n": head.n, "hash": head.hash}, "at": verified.at.isoformat()}
        show(report | {"faults": list(verified.faults)}, as_json=json)
        if verified.faults:
            raise Unhealthy(verified.faults)
        if is_empty:
            unfinished(
                f"nothing was verified: the audit log of {runtime.store.address} is empty. If the "
                "desk is at work already, this is not its store: docs/deploy.md, One store"
            )


def _heads(file: Path) -> str:
    """Its lines; what is no text is no head, as ``verify`` says of the line.

    Raises:
        BadList: there is none. Whoever gave the file would take it as proof.
    """
    lines = file.read_text(encoding="utf-8", errors="replace")
    if not lines.strip():
        raise BadList([f"{file} holds no heads"])
    return lines


def _entry(link: Link) -> dict[str, Any]:
    entry = link.entry
    told_of = {name: getattr(entry, name) for name in FIELDS if name not in {"at", "once"}}
    kept = {name: value for name, value in told_of.items() if value or name not in JSON_FIELDS}
    return {"n": link.n, "at": entry.at.isoformat(), **kept, "hash": link.hash}
