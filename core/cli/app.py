"""What commands are added to, and the options that many of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Credit Desk.", pretty_exceptions_enable=False
)

Json = Annotated[bool, typer.Option("--json", help="print one JSON object")]
As = Annotated[
    str, typer.Option("--as", metavar="EMAIL", help="who acts; the first admin of the settings")
]
Exam = Annotated[list[str] | None, typer.Option("--exam", metavar="ID", help="repeatable")]
Contact = Annotated[list[str] | None, typer.Option("--contact", metavar="ID", help="repeatable")]
Bookings = Annotated[Path | None, typer.Option("--bookings", metavar="FILE.csv")]
Ids = Annotated[str, typer.Option("--ids", metavar="A,B", help="record ids or booking_ids")]
Without = Annotated[
    str, typer.Option("--without", metavar="A,B", help="leave these out; the result tells of them")
]
Owed = Annotated[bool, typer.Option("--owed", help="everything that students wait for")]
Attended = Annotated[
    bool,
    typer.Option("--include-attended", help="include students who attended, on purpose (admins)"),
]
Past = Annotated[
    bool,
    typer.Option(
        "--include-past", help="include exams that have begun or are over, on purpose (admins)"
    ),
]
Forfeited = Annotated[
    bool,
    typer.Option(
        "--include-forfeited", help="give back what was kept on purpose after all (admins)"
    ),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="kept with the operation")]
TakeOver = Annotated[
    bool, typer.Option("--takeover", help="take over from other desks first, for the same reason")
]
Tell = Annotated[bool, typer.Option("--tell", help="tell the students, as the settings say how")]
ForStudents = Annotated[
    str,
    typer.Option("--reason-for-students", metavar="TEXT", help="of --tell: sent to the students"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="print the plan, change nothing")]
Wait = Annotated[bool, typer.Option("--wait", help="carry it here and wait for its end")]
#: A year: nobody waits for longer, and what reckons with seconds ahead ends somewhere.
WAIT_S_MAX = 31_536_000
WaitS = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=0, max=WAIT_S_MAX, help="to wait at most"),
]

#: More than there ever are of anything, and what every store can count to.
COUNT_MAX = 1_000_000_000

POLL_S = 0.1
