"""The way into the command line: every command is listed at once, and imported when it is called.

What a command needs takes most of its start-up to import, and ``--help`` needs none of it. So the
list of commands stands here, and each module of commands is imported by the first call of one
(docs/decisions/0053-start-up.md; ``tests/unit/test_cli_entry.py`` holds the list to the commands).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

#: Within ``core.cli``, each module with the commands that it adds to ``core.cli.app.app``, and the
#: first paragraph of what each says of itself.
LISTED: Mapping[str, Mapping[str, str]] = {
    "operating": {
        "cancel": "Cancel bookings and give their credits back; with --forfeit they are kept.",
        "forfeit": "Cancel bookings and keep their credits on purpose: nothing is owed for them (admins).",
        "refund": "Give back the credits of bookings that are cancelled and still owed.",
        "correct": "Correct balances that others changed at the same moment as this operation.",
        "undo": "Take back what a refund or an adjustment changed, as an operation of its own.",
        "operation": "One operation: its state, its figures, and what needs attention.",
    },
    "commands.operations": {
        "operations": "Operations, newest first: all, or those that fit every option given.",
    },
    "commands.approving": {
        "approve": "Approve what another admin confirmed: its hold begins. --dry-run: how it stands now.",
    },
    "commands.exporting": {
        "export": "Write a whole list as CSV; the export is recorded in the audit.",
    },
    "commands.cancelling_exams": {
        "cancel-exam": "Close an exam for booking for good (admins); with --give-back or --keep its bookings too.",
        "reopen-exam": "Take the cancellation of an exam back (admins). It stays inactive until it is activated.",
    },
    "commands.confirmed": {
        "retry": "Carry on what failed, was blocked or was stopped in an operation, and nothing else.",
        "dismiss": "Say why nothing more is done about bookings that failed or are blocked. Changes no credit.",
        "stop": "Finish what was begun, within a few requests, and begin nothing else.",
        "decide": "Say what became of a write, what an unclear change means, or if a booking is refunded.",
    },
    "commands.desks": {
        "desks": "This desk, other desks on the same account, and takeovers. Changes nothing.",
        "takeover": "Write on, over what other desks wrote until now; they stop writing.",
    },
    "commands.drift": {
        "copy": "Copy every record of HubSpot to Supabase; rows that exist are compared.",
        "sweep": "Compare Supabase with HubSpot: what changed since the last sweep, or more by an option.",
        "repair": "Copy HubSpot's values over rows that drift, and read both again as proof.",
    },
    "commands.forgetting": {
        "forget": "Blank names, e-mails and typed reasons in what ended before a day. Ids and movements stay.",
    },
    "commands.hubspot_app": {
        "hubspot-app": "Write app-hsmeta.json and webhooks-hsmeta.json for this account. Asks HubSpot nothing.",
    },
    "commands.lookup": {
        "contact": "Find a student; the one who is found, live, with balances, bookings and their causes.",
        "exams": "Sessions with seats, bookings and what is owed; those to come, unless told otherwise.",
        "activate": "Activate every exam whose scheduled activation has come, in HubSpot and in Supabase.",
    },
    "commands.overview": {
        "overview": "What needs attention now, the most urgent first. Exit code 2: somebody has to do something.",
    },
    "commands.owing": {
        "owed": "Cancelled bookings without a refund mark: how many are owed, longest first, and why not.",
        "baseline": "The adoption baseline: bookings cancelled before a time are settled and never refunded.",
        "not-owed": "Say that nothing is owed for these cancelled bookings: forfeited, or settled elsewhere.",
        "still-owed": "Say that these cancelled bookings are owed, whatever the baseline or the history says.",
    },
    "commands.restoring": {
        "restored": "After a restore: writes that HubSpot knows and the journal forgot. Changes nothing.",
    },
    "commands.telling": {
        "tell": "Which students were told of an operation, and why the others were not.",
    },
    "commands.trends": {
        "trends": "What was booked, cancelled and refunded by day or week, and how long repairs take.",
    },
    "commands.upkeep": {
        "outbox": "Copies to Supabase and events for other apps: how many are due, and which failed.",
        "doctor": "Check token, scopes, objects, properties, marker, Supabase and workers; how to mend each.",
        "mirror-sql": "Print the SQL that makes a Supabase project ready, for the tables in the settings.",
        "provision": "Make the desk's own properties in HubSpot where they are missing. Changes nothing else.",
        "worker": "Carry operations, sweeps, repairs, copies and schedules until told to stop.",
    },
    "commands.kinds.adjusting": {
        "adjust": "Give or take credits, or set balances: of one student, or of a file of many.",
    },
    "commands.kinds.booking": {
        "book": "Book an exam for a student: takes a seat and a credit, or neither.",
    },
    "commands.kinds.moving": {
        "move": "Move bookings to another exam; the credit that each spent is kept.",
    },
    "commands.kinds.recounting": {
        "recount": "Set the seat counts of exams to what their bookings hold.",
    },
    "commands.audit": {
        "audit": "Who did what, when and why; and whether anybody changed it since.",
    },
    "commands.keys": {
        "keys": "Keys of the HTTP API: make and revoke.",
    },
    "commands.people": {
        "roles": "Who may do what; give and revoke roles.",
    },
}
MODULES = {name: f"core.cli.{module}" for module, names in LISTED.items() for name in names}


class Commands(TyperGroup):
    """All commands by name. One that is not called is its line in the list, and nothing more."""

    def __init__(self) -> None:
        """As typer makes a group of an app."""
        lines = {name: line for names in LISTED.values() for name, line in names.items()}
        listed = [TyperCommand(name, help=line) for name, line in lines.items()]
        super().__init__(commands=listed, help="Credit Desk.", no_args_is_help=True)

    def make_context(self, *args: Any, **options: Any) -> Any:
        """As typer does; see ``_refused``."""
        with _refused():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse and run the command that is called; see ``_refused``."""
        with _refused():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, imported now."""
        if module := MODULES.get(args[0]):
            import_module(module)
            self.commands.update(_added())
        return super().resolve_command(ctx, args)


@contextmanager
def _refused() -> Iterator[None]:
    """A wrong option or a missing argument ends with 1, as each refusal does.

    Typer ends with 2, which says here: done, but something needs a look.
    """
    try:
        yield
    except TyperException as error:
        error.exit_code = 1
        raise


def _added() -> Mapping[str, Any]:
    """What the modules that are imported have added."""
    from typer.main import get_group  # noqa: PLC0415 - with the first command

    from core.cli.app import app  # noqa: PLC0415 - the same

    return get_group(app).commands
