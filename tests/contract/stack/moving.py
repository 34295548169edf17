"""The real stack with its world moving: what a sweep finds then, and what repair leaves.

Shared by the test of CI's size and by ``python -m benchmarks.moving_world`` of any size.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.mirror.store.outbox_port import Due
from sandbox.hubspot.live import Act, run_live
from sandbox.hubspot.portal import BOOKINGS
from tests.crash.desk import Desk, write_csv

Key = tuple[str, str]
Found = dict[Key, Cause]
CONTACTS = Kind.CONTACT.value
ACTS = {"book": 4.0, "edit": 4.0, "archive": 0.3, "merge": 0.3}
#: What may be true of a record that somebody changed while the sweep ran.
MOVING = {
    Cause.CHANGED_IN_HUBSPOT,
    Cause.CONTACT_GONE,
    Cause.CONTACT_MERGED,
    Cause.MISSING_ROW,
}
#: Of each kind of drift that is planted beside those of the demo data.
FEW = 5
#: Records on one page of either store.
PAGE = {"hubspot": 100, "supabase": 1000}
Balances = tuple[int | None, ...]


def merges(folder: Path) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads((folder / "planted.json").read_text())["merged"]
    return told


def planted(folder: Path) -> Found:
    """By kind and id. Of a merge, the old ids and the one that it made, if it made one."""
    told = json.loads((folder / "planted.json").read_text())
    causes = {
        (kind, id_): Cause[cause.upper()]
        for kind, by_cause in told["drift"].items()
        for cause, ids in by_cause.items()
        for id_ in ids
    }
    merged = {id_ for each in merges(folder) for id_ in each.values()}
    # where HubSpot keeps the primary's id (tests.modes), its row is right already
    merged -= {each["into"] for each in merges(folder) if each["into"] == each["primary"]}
    return causes | {(CONTACTS, id_): Cause.CONTACT_MERGED for id_ in merged}


@dataclass(slots=True)
class Moving:
    """One world, and what its people did."""

    desk: Desk
    folder: Path
    per_second: float = 20.0
    acts: list[Act] = field(default_factory=list)
    expected: Found = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)

    def swept(self) -> Found:
        self.report = self.desk.core("sweep", "--full")
        found = self.desk.journal.drifts(self.report["sweep"])
        return {(each.kind.value, each.record_id): each.cause for each in found}

    def told(self, found: Collection[Key]) -> str:
        """All that is known of these now, for whoever must find out why they were reported."""
        drifts = self.desk.journal.drifts(self.report["sweep"])
        wanted = [each for each in drifts if (each.kind.value, each.record_id) in found]
        return "\n".join(line for drift in wanted for line in self._lines(drift))

    def _lines(self, drift: Drift) -> Iterator[str]:
        id_, desk = drift.record_id, self.desk
        yield str(drift)
        yield from (f"  {act}" for act in self.acts if id_ in f"{act.id} {act.text}")
        if drift.kind is Kind.CONTACT:
            names = ",".join([*SCHOOL.keys, "credit_desk_last_write"])
            path, asked = f"/crm/objects/2026-09/0-1/{id_}", {"propertiesWithHistory": names}
            yield f"  HubSpot: {desk.hubspot.get(path, params=asked).text}"
            query = {"hubspot_id": f"eq.{id_}"}
            yield f"  mirror: {desk.supabase.get('/hubspot_contact_credits', params=query).text}"

    def swept_when_settled(self) -> Found:
        """The first sweep that leaves nothing alone: what was just made or written is, for seconds.

        A small world is swept sooner than its last bookings are ten seconds old.
        """
        deadline = time.monotonic() + self.desk.patience_s
        while time.monotonic() < deadline:
            found = self.swept()
            if not self.report["left_alone"]:
                return found
        raise AssertionError(f"{self.report['left_alone']} records are left alone for ever")

    def repaired(self) -> dict[str, Any]:
        """While the world moves, what was just repaired may differ again: exit code 2."""
        args = ("repair", "--all", "--reason", "the world moves")
        done: dict[str, Any] = self.desk.core(*args, fails=None)
        return done

    # what drifts

    def plant(self, free: Sequence[str]) -> None:
        """Beside what the demo data has: copies that failed, edits in both stores."""
        self.expected = planted(self.folder)
        failed, edited, changed = (free[n * FEW : (n + 1) * FEW] for n in range(3))
        for id_ in (*failed, *changed):
            self._edit(id_)
        self._fail(failed)
        for id_ in edited:
            self.desk.supabase.patch(
                "/hubspot_contact_credits",
                params={"hubspot_id": f"eq.{id_}"},
                json={"sj_credits": 77},
            ).raise_for_status()
        self.expected |= {(CONTACTS, id_): Cause.COPY_FAILED for id_ in failed}
        self.expected |= {(CONTACTS, id_): Cause.CHANGED_IN_MIRROR for id_ in edited}
        self.expected |= {(CONTACTS, id_): Cause.CHANGED_IN_HUBSPOT for id_ in changed}

    def _edit(self, id_: str) -> None:
        path = f"/_sandbox/objects/0-1/{id_}/edit"
        body = {"properties": {"cs_credits": "66"}}
        self.desk.hubspot.post(path, json=body).raise_for_status()

    def _fail(self, ids: Sequence[str]) -> None:
        """Dead letters, as eight refusals make them."""
        now, journal = datetime.now(UTC), self.desk.journal
        due = [Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in ids]
        journal.put_due(due, at=now)
        taken = journal.take_due(now=now, until=now + timedelta(seconds=60), limit=len(ids))
        dead = [replace(each, dead=True, attempts=8, error="a trigger says no") for each in taken]
        journal.copy_failed(dead)

    # what moves

    @contextmanager
    def moving(self, seed: int = 1) -> Iterator[None]:
        """Students book, staff edit, contacts are merged and archived."""
        stop = threading.Event()
        options = {"seed": seed, "per_second": self.per_second, "weights": ACTS}
        people = threading.Thread(
            target=run_live,
            args=(self.desk.stack["HUBSPOT_BASE_URL"],),
            kwargs={**options, "stop": stop, "say": self.acts.append},
        )
        people.start()
        try:
            yield
        finally:
            stop.set()
            people.join()

    @property
    def touched(self) -> set[str]:
        """Every id that somebody's act names: contacts, and bookings that were made."""
        ids: set[str] = set()
        for act in self.acts:
            ids |= {act.id, *re.findall(r"\b\d{6,}\b", act.text)}
        return ids

    @property
    def unreadable(self) -> set[str]:
        """Contacts that may hold what cannot be read: planted so, or made of one by a merge."""
        ids = {id_ for (_, id_), c in self.expected.items() if c is Cause.UNREADABLE_VALUE}
        for act in self.acts:
            if act.kind == "merge" and not ids.isdisjoint(act.text.split(" + ")):
                ids.add(act.id)
        return ids

    def strange(self, found: Mapping[Key, Cause]) -> Found:
        """Causes that neither what was planted nor what people did can have had."""
        unreadable = self.unreadable
        return {
            (kind, id_): cause
            for (kind, id_), cause in found.items()
            if cause not in MOVING
            and self.expected.get((kind, id_)) != cause
            and not (cause is Cause.UNREADABLE_VALUE and id_ in unreadable)
        }

    def led_by_merges(self) -> set[str]:
        """Bookings of contacts that somebody merged: the desk copies them with their contact.

        So what was planted in one of them may be mended before the sweep comes to it.
        """
        path, asked = "/crm/objects/2026-09/0-1", {"associations": BOOKINGS, "archived": "false"}
        ids: set[str] = set()
        for act in self.acts:
            if act.kind == "merge":
                answer = self.desk.hubspot.get(f"{path}/{act.id}", params=asked)
                ends = answer.json().get("associations", {}) if answer.is_success else {}
                ids |= {end["id"] for of_type in ends.values() for end in of_type["results"]}
        return ids

    def untouched(self, found: Mapping[Key, Cause], led: Collection[str] = ()) -> Found:
        """Contacts and bookings that nobody changed meanwhile; bookings may follow a merge."""
        touched = self.touched.union(led)
        merged = {act.id for act in self.acts if act.kind == "merge"}
        return {
            (kind, id_): cause
            for (kind, id_), cause in found.items()
            if kind != Kind.EXAM.value
            and id_ not in touched
            and not (kind == Kind.BOOKING.value and self._follows(id_, cause, merged))
        }

    def _follows(self, booking: str, cause: Cause, merged: set[str]) -> bool:
        """Whether its contact was merged: by the demo data, or by somebody just now."""
        return (
            cause is Cause.CONTACT_MERGED
            and bool(merged or merges(self.folder))
            and ((Kind.BOOKING.value, booking) not in self.expected)
        )


def truth(desk: Desk) -> dict[str, Balances]:
    """All contacts of HubSpot; None for a balance that is no whole number from 0 up.

    This and ``mirror`` use none of the code that they judge.
    """
    found: dict[str, Balances] = {}
    query = {"limit": str(PAGE["hubspot"]), "properties": ",".join(SCHOOL.keys), "after": ""}
    while True:
        asked = {name: value for name, value in query.items() if value}
        answer = desk.hubspot.get("/crm/objects/2026-09/0-1", params=asked).json()
        for each in answer["results"]:
            values = (each["properties"].get(key) for key in SCHOOL.keys)
            found[each["id"]] = tuple(_whole(value) for value in values)
        if "paging" not in answer:
            return found
        query["after"] = answer["paging"]["next"]["after"]


def _whole(raw: str | None) -> int | None:
    return int(match[1]) if (match := re.fullmatch(r"(\d+)(\.0+)?", raw or "0")) else None


def _alike(there: Mapping[str, Balances], held: Mapping[str, Balances], id_: str) -> bool:
    """Every balance that can be read is held; of the others Supabase has the last one, or none."""
    if id_ not in there or id_ not in held:
        return False
    pairs = zip(there[id_], held[id_], strict=True)
    return all(truth is None or truth == shown for truth, shown in pairs)


def mirror(desk: Desk) -> dict[str, Balances]:
    """All contacts of Supabase."""
    found: dict[str, Balances] = {}
    query = {"order": "hubspot_id", "limit": str(PAGE["supabase"])}
    while True:
        after = {"hubspot_id": f"gt.{max(found)}"} if found else {}
        rows = desk.supabase.get("/hubspot_contact_credits", params=query | after).json()
        if not rows:
            return found
        found |= {row["hubspot_id"]: tuple(row[key] for key in SCHOOL.keys) for row in rows}


def quiet_contacts(
    desk: Desk, folder: Path, count: int
) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Contacts with an active booking of a credit, none of them planted; and those bookings."""
    taken = {id_ for _, id_ in planted(folder)}
    ids = write_csv(desk.folder / "all.csv", desk.active_bookings(count))
    plan = desk.core("cancel", "--bookings", str(ids), "--dry-run")
    rows = [
        row
        for row in plan["rows"]
        if row["verdict"] == "will change"
        and row["credit"]
        and row["contact"] not in taken
        and row["booking"] not in taken
    ]
    return sorted({row["contact"] for row in rows}), rows


def see_through(world: Moving, *, operate_on: int, seed: int = 1) -> dict[str, Any]:
    """The whole of it. Raises AssertionError where a promise is not kept. What was done."""
    desk, folder = world.desk, world.folder
    contacts, rows = quiet_contacts(desk, folder, operate_on)
    free, busy = contacts[: 3 * FEW], set(contacts[3 * FEW :])
    world.plant(free)
    chosen = [row["booking"] for row in rows if row["contact"] in busy]
    csv = write_csv(desk.folder / "some.csv", chosen)

    with desk.worker(), world.moving(seed):
        operation = desk.core("cancel", "--bookings", str(csv), "--reason", "a test")
        found = world.swept()
        while_moving = dict(world.report)
        desk.until_ended(operation)
        first = world.repaired()
    desk.until_copied()

    unexplained = [key for key, cause in found.items() if cause is Cause.UNEXPLAINED]
    assert not unexplained, world.told(unexplained)
    led = world.led_by_merges()
    expected, seen = world.untouched(world.expected, led), world.untouched(found, led)
    wrong = set(expected.items()) ^ set(seen.items())
    assert not wrong, f"{sorted(wrong)}\n{world.told(dict(wrong))}"
    moved = {key: cause for key, cause in found.items() if key not in seen}
    assert not (strange := world.strange(moved)), world.told(strange)
    assert not {id_ for _, id_ in seen if id_ in busy}, "reported while it was written"

    world.swept_when_settled()
    second = world.repaired()
    left = world.swept_when_settled()
    there, held = truth(desk), mirror(desk)
    unreadable = {(CONTACTS, id_) for id_, balances in there.items() if None in balances}
    assert left == dict.fromkeys(unreadable, Cause.UNREADABLE_VALUE), left
    unequal = {id_ for id_ in there.keys() | held.keys() if not _alike(there, held, id_)}
    assert not unequal, unequal
    return {
        "acts": len(world.acts),
        "touched": len(world.touched),
        "operation": len(chosen),
        "drifting": len(found),
        "planted": len(world.expected),
        "left_alone": while_moving["left_alone"],
        "written_at_once": len(busy & world.touched),
        "sweep_s": while_moving["seconds"],
        "repaired": [first["repaired"], second["repaired"]],
        "left": len(left),
    }
