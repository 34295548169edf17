"""Adjusting balances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.app import As, DryRun, Json, Reason, TakeOver, Wait, WaitS, app
from core.cli.choosing import Planned
from core.cli.operating import run_plan
from core.cli.output import told
from core.credits.errors import BadList
from core.operations.choosing.adjustment_lists import Asked, AskedList, from_csv


@app.command()
def adjust(
    contact: Annotated[
        str, typer.Option("--contact", metavar="ID", help="HubSpot id, student id or e-mail")
    ] = "",
    credit: Annotated[str, typer.Option("--credit", metavar="KEY", help="a credit type")] = "",
    change: Annotated[
        str, typer.Option("--change", metavar="+N|-N|=N", help="give N, take N, or set N")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="ROWS.csv", help="student,credit,change,reason"),
    ] = None,
    reason: Reason = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Give or take credits, or set balances: of one student, or of a file of many.

    No balance goes below 0. With =N a balance is set, also one that is no number or negative.
    """
    with told():
        asked = _asked(contact, credit, change, file)
        planned: Planned = lambda core, actor: core.adjustment_planner.preview(asked, actor)  # noqa: E731
        run_plan(planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover)


def _asked(contact: str, credit: str, change: str, file: Path | None) -> AskedList:
    """What the options ask for.

    Raises:
        BadList: neither a file nor one change, or both; or no such table.
    """
    one = (contact.strip(), credit.strip(), change.strip())
    if file is not None and not any(one):
        return from_csv(file.read_bytes())
    if file is not None or not all(one):
        raise BadList(["give --contact, --credit and --change, or --file alone"])
    return AskedList(rows=(Asked(student=one[0], credit=one[1], change=one[2]),))
