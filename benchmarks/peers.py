"""What else does the same work, on the same state: dlt, and the plain way of a script.

    python -m benchmarks.peers [--contacts 100000] [--bookings 200] [--seed 1] [--latency-ms 80]

*First copy*: dlt, the open-source library, lists every contact of HubSpot into PostgreSQL; the desk
copies the same account into an empty Supabase. Its budget is one of 100,000 contacts: of fewer, the
time of both is told and not judged, because the start of each program is much of it. *Refund*: the
plain way (``plain_way``) cancels and refunds bookings while a student app writes the same students,
then the desk does the same for as many students made by the same seed, who come at the same times
(tests/crash/company.py). A contact is wrong whose balances are not what HubSpot holds (of a copy),
or not what everybody meant (of a refund). Each is a process of its own; HubSpot is the sandbox,
with its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.report import Budget, Report, at_least, at_most, floor_s
from benchmarks.stack import stack
from core.credits.catalogue import SCHOOL
from scripts.processes import ROOT
from tests.clients.environments import Client, command
from tests.crash.company import Fault, Roster, Size, play, student_app
from tests.crash.desk import Desk
from tests.crash.school import School

PATIENCE_S = 1800.0
#: HubSpot counts the requests of so many seconds.
WINDOW_S = 10.0
DLT = Client(
    name="dlt",
    version="1.31.0",
    packages=("dlt[postgres]==1.31.0",),
    program="dlt_postgres.py",
)
SCHEMA = "dlt_peer"
#: The budget of the first copy: so many contacts, and HubSpot's latency. The desk asks for several
#: pages at once and dlt for one, so a slower HubSpot would flatter the desk.
CONTACTS, LATENCY_MS = 100_000, 80
COPY = at_most("first copy, times dlt's", 0.7)
BUDGETS = (
    COPY,
    at_most("first copy, contacts wrong", 0),
    at_most("refund, times the plain way's", 1.0),
    at_most("refund, contacts wrong and not named", 0),
    at_most("refund, contacts wrong once what it named is done", 0),
    # a plain way that leaves nothing wrong was not tried: nobody came in its way
    at_least("plain way, contacts wrong", 1),
)
LEFT_OUT = (
    "the preview's time and the desk's later looks at a refund, and what a person does about what "
    "the desk names; dlt's installation"
)
Balances = dict[str, tuple[int | None, ...]]


@dataclass(frozen=True, kw_only=True)
class Way:
    """What one way of doing it came to."""

    seconds: float
    #: Requests that HubSpot answered.
    calls: int
    #: Contacts.
    wrong: int


def main() -> int:
    options = _options()
    size = ("--contacts", str(options.contacts), "--bookings", "0", "--exams", "0")
    with (
        stack("--seed", str(options.seed), *size) as (folder, settings),
        closing(Desk(settings, folder, patience_s=PATIENCE_S)) as desk,
    ):
        report = _measure(desk, options)
    return report.tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--contacts", type=int, default=CONTACTS, help="of the first copy")
    parser.add_argument("--bookings", type=int, default=200, help="of the refund")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS)
    return parser.parse_args()


def _measure(desk: Desk, options: argparse.Namespace) -> Report:
    desk.core("provision")
    copies = {"dlt": _copied(desk, options, _by_dlt), "desk": _copied(desk, options, _by_desk)}
    size = Size(
        bookings=options.bookings,
        cancelling=max(1, options.bookings // 20),
        spending=options.bookings,  # whoever else has a booking comes to spend a credit
        latency_ms=options.latency_ms,
    )
    plain = _plain_way(desk, size, options.seed)
    with desk.worker():
        played = play(desk, size, options.seed)
    ours = Way(seconds=played.seconds, calls=played.report["calls"], wrong=_contacts(played.faults))
    found = {
        COPY.figure: copies["desk"].seconds / copies["dlt"].seconds,
        "first copy, contacts wrong": copies["desk"].wrong,
        "refund, times the plain way's": ours.seconds / plain.seconds,
        "refund, contacts wrong and not named": _contacts(played.unnamed),
        "refund, contacts wrong once what it named is done": _contacts(played.left),
        "plain way, contacts wrong": plain.wrong,
    }
    more = {
        "first copy": {name: asdict(way) for name, way in copies.items()},
        "refund": {"plain way": asdict(plain), "desk": asdict(ours)},
        "contacts": options.contacts,
        "bookings": options.bookings,
        "latency, ms": options.latency_ms,
    }
    floor = floor_s(-(-options.contacts // 100), latency_ms=options.latency_ms)
    budgets = judged_by(options.contacts, options.latency_ms)
    return Report("peers", budgets, found, left_out=LEFT_OUT, floor_s=floor, more=more)


def judged_by(contacts: int, latency_ms: int) -> tuple[Budget, ...]:
    """The budgets of a run of this size."""
    of_its_size = contacts >= CONTACTS and latency_ms <= LATENCY_MS
    return BUDGETS if of_its_size else tuple(each for each in BUDGETS if each is not COPY)


# ------------------------------------------------------------------------------------ first copy


def _of_hubspot(value: object) -> int | None:
    """HubSpot sends text, and nothing for 0; None: no whole number of credits."""
    try:
        number = float(str(value or 0))
    except ValueError:
        return None
    return int(number) if number.is_integer() and number >= 0 else None


def _copied(
    desk: Desk, options: argparse.Namespace, copy: Callable[[Desk], Callable[[], Balances]]
) -> Way:
    """How long it took, in all, and what of it is not what HubSpot holds."""
    _with_a_rested_limit(desk, options.latency_ms)
    before, began = _answered(desk), time.monotonic()
    rows = copy(desk)
    seconds, calls = time.monotonic() - began, _answered(desk) - before
    desk.latency(0)
    desk.without_a_limit()
    truth, held = _truth(desk), rows()
    wrong = sum(held.get(id_) != balances for id_, balances in truth.items())
    return Way(seconds=round(seconds, 2), calls=calls, wrong=wrong + len(held.keys() - truth))


def _with_a_rested_limit(desk: Desk, latency_ms: int) -> None:
    """As HubSpot is for each way: what the benchmark itself just asked counts for none of them."""
    time.sleep(WINDOW_S)
    desk.latency(latency_ms)
    desk.with_its_limit()


def _by_dlt(desk: Desk) -> Callable[[], Balances]:
    program = [*command(DLT), SCHEMA, "email", "student_id", *SCHOOL.keys]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run(program, check=True, env={**kept, **desk.stack}, stdout=subprocess.DEVNULL)
    columns = ["id", *(f"properties__{key}" for key in SCHOOL.keys)]
    return lambda: {
        id_: tuple(map(_of_hubspot, balances))
        for id_, balances in _rows(desk, (SCHEMA, "contacts"), columns).items()
    }


def _by_desk(desk: Desk) -> Callable[[], Balances]:
    """The desk's own first copy, into an empty Supabase. A balance that cannot be read is NULL
    there, and no other is.
    """
    with psycopg.connect(desk.stack["SUPABASE_DB_URL"]) as mirror:
        mirror.execute("truncate public.hubspot_contact_credits")
    desk.core("copy")
    columns = ["hubspot_id", *SCHOOL.keys]
    return lambda: _rows(desk, ("public", "hubspot_contact_credits"), columns)


def _rows(desk: Desk, table: tuple[str, str], columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """By id, as the table has them. ``columns``: the id, then every balance."""
    query = SQL("select {} from {}").format(
        SQL(", ").join(map(Identifier, columns)), Identifier(*table)
    )
    with psycopg.connect(desk.stack["SUPABASE_DB_URL"]) as mirror:
        found = mirror.execute(query).fetchall()
    return {str(id_): tuple(balances) for id_, *balances in found}


def _truth(desk: Desk) -> Balances:
    """Every contact of HubSpot; None: a balance that is no whole number."""
    asked = {"limit": "100", "properties": ",".join(SCHOOL.keys)}
    found: Balances = {}
    while True:
        page = desk.hubspot.get("/crm/v3/objects/contacts", params=asked).json()
        for each in page["results"]:
            held = (each["properties"].get(key) for key in SCHOOL.keys)
            found[str(each["id"])] = tuple(map(_of_hubspot, held))
        if "paging" not in page:
            return found
        asked["after"] = page["paging"]["next"]["after"]


# ---------------------------------------------------------------------------------------- refund


def _plain_way(desk: Desk, size: Size, seed: int) -> Way:
    """One round of it, beside the same students."""
    roster = Roster(School(desk, tag=f"plain way {seed}"), size, random.Random(seed))
    roster.make()
    _with_a_rested_limit(desk, size.latency_ms)
    told = json.dumps({"stack": dict(desk.stack), "bookings": list(roster.bookings)})
    with student_app(desk, size, roster.visits()) as app, ThreadPoolExecutor(1) as students:
        coming = students.submit(app.run)
        began = time.monotonic()
        script = [sys.executable, "-m", "benchmarks.plain_way"]
        done = subprocess.run(
            script, cwd=ROOT, input=told, stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = time.monotonic() - began
        did = coming.result()
    desk.latency(0)
    desk.without_a_limit()
    held, should = roster.held(), roster.ledger(did)
    wrong = {key[0] for key in should if held[key] != should[key]}
    return Way(seconds=round(seconds, 2), calls=int(done.stdout), wrong=len(wrong))


def _contacts(faults: Iterable[Fault]) -> int:
    return len({fault.contact for fault in faults})


def _answered(desk: Desk) -> int:
    """Requests, until now."""
    by_kind: Mapping[str, int] = desk.hubspot.get("/_sandbox/stats").json()["by_kind"]
    return sum(by_kind.values())


if __name__ == "__main__":
    sys.exit(main())
