"""``kill -9`` between any two steps of one move, by what the journal and HubSpot say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.credits.writes import WriteState
from core.operations.states import Item, ItemState
from tests.crash.desk import BOOKINGS, Desk
from tests.crash.school import EXAMS, School, date_of
from tests.crash.test_kill_moments import UNHEARD
from tests.crash.waiting import wait_for

_, CS, _, _, _ = SCHOOL.keys
STUDENTS, THERE = 2, 3


@dataclass
class Moving:
    """A booking of each student, confirmed to move and carried by nobody yet."""

    school: School
    bookings: list[str]
    here: str
    there: str
    operation: str

    @property
    def desk(self) -> Desk:
        return self.school.desk

    def dies(self, fault: Mapping[str, Any], seen: Callable[[], bool]) -> None:
        """A worker that carries it while HubSpot has the fault is killed when this is seen."""
        with self.desk.fault(**fault):
            with self.desk.worker() as process:
                wait_for(seen)
                process.kill()
                process.wait()
            assert seen(), "it went on before it died"

    # --- the moments

    def claimed(self) -> bool:
        return self.all(lambda item: item.state is ItemState.CLAIMED) and not self.open()

    def seat_intended(self) -> bool:
        return self.open() and self.seats() == (STUDENTS, THERE)

    def seat_unheard(self) -> bool:
        return self.open() and self.seats() == (STUDENTS, THERE + STUDENTS)

    def tied_unheard(self) -> bool:
        return self._sent() and self.exams() == {(self.here, self.there)}

    def untied_unheard(self) -> bool:
        return self._sent() and self.exams() == {(self.there,)} and not self._named()

    def named_unheard(self) -> bool:
        return self._sent() and self._named()

    def freed_unheard(self) -> bool:
        return self.open() and self.seats() == (0, THERE + STUDENTS)

    # --- what the stores hold

    def all(self, true: Callable[[Item], bool]) -> bool:
        return all(map(true, self.desk.journal.items(self.operation)))

    def open(self) -> bool:
        return bool(self.desk.journal.open_writes(kind=Kind.EXAM))

    def seats(self) -> tuple[int, int]:
        taken = self.school.seats()
        return taken[self.here], taken[self.there]

    def exams(self) -> set[tuple[str, ...]]:
        """Of each booking."""
        path = f"/crm/associations/2026-09/{BOOKINGS}/{EXAMS}/batch/read"
        body = {"inputs": [{"id": id_} for id_ in self.bookings]}
        answer = self.desk.hubspot.post(path, json=body)
        answer.raise_for_status()
        return {
            tuple(sorted(str(end["toObjectId"]) for end in one["to"]))
            for one in answer.json()["results"]
        }

    def mirrored(self) -> set[str]:
        """Where Supabase has them."""
        wanted = {"hubspot_id": f"in.({','.join(self.bookings)})"}
        answer = self.desk.supabase.get("/hubspot_bookings", params=wanted)
        answer.raise_for_status()
        return {row["exam_hubspot_id"] for row in answer.json()}

    def names(self) -> dict[str, str]:
        read = self.desk.objects(BOOKINGS, self.bookings, ["booking_id"])
        return {id_: row["booking_id"] for id_, row in read.items()}

    def _sent(self) -> bool:
        return self.all(lambda item: item.state is ItemState.CLAIMED and item.sent_at is not None)

    def _named(self) -> bool:
        items = self.desk.journal.items(self.operation)
        return self.names() == {item.booking_id: item.new_name for item in items}


@pytest.fixture
def moving(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Moving]:
    desk = Desk(sandbox, tmp_path)
    desk.core("provision")
    desk.without_a_limit()
    school = School(desk)
    here = school.exam("Clinical Skills", day=30, taken=STUDENTS)
    there = school.exam("Clinical Skills", day=31, taken=THERE)
    students = [school.contact(**{CS: 1}) for _ in range(STUDENTS)]
    bookings = [school.booking(each, here, "Clinical Skills Token") for each in students]
    school.known_to_the_mirror()
    asked = desk.core("move", "--exam", here, "--to", there, "--reason", "a crash")
    yield Moving(school, bookings, here, there, asked["operation"])
    desk.with_its_limit()
    desk.close()


@pytest.mark.timeout(300)
def test_a_move_outlives_a_death_between_any_two_of_its_steps(moving: Moving) -> None:
    it, desk, before = moving, moving.desk, moving.school.balances()
    at_exams, at_bookings, tying, untying = (
        {**UNHEARD, "path": path}
        for path in (
            f"/{EXAMS}/batch/update",
            f"/{BOOKINGS}/batch/update",
            f"/{EXAMS}/batch/create",
            f"/{EXAMS}/batch/archive",
        )
    )

    it.dies({**UNHEARD, "path": f"/{BOOKINGS}/batch/read"}, it.claimed)
    it.dies({**at_exams, "action": "lose_request"}, it.seat_intended)
    it.dies(at_exams, it.seat_unheard)
    it.dies(tying, it.tied_unheard)
    it.dies(untying, it.untied_unheard)
    it.dies(at_bookings, it.named_unheard)
    it.dies(at_exams, it.freed_unheard)
    with desk.worker():
        desk.until_ended({"operation": it.operation})
        wait_for(lambda: not it.open())
        desk.until_copied()

    assert it.all(lambda item: item.state is ItemState.DONE)
    assert ({(it.there,)}, True) == (it.exams(), it._named())
    assert (0, THERE + STUDENTS) == it.seats()
    assert {it.there} == it.mirrored()
    assert before == it.school.balances()
    assert (before, it.school.seats()) == it.school.mirrored()
    writes = desk.journal.writes(it.operation)
    assert [WriteState.LANDED] * 2 == [record.state for record in writes]
    day = date_of(31)
    assert all(name.endswith(f"{day:%B} {day.day}, {day.year}") for name in it.names().values())
