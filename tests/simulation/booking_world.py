"""The same bad world for bookings: staff book and cancel while everything goes wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from core.audit.entries import What
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import HANDS, TOTAL_BOOKINGS, BookingStatus, ContactId, ExamId, Kind
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByReference
from core.operations.states import Item, ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.simulation.world import ADMIN, LATEST, World

#: id, type, day, capacity: two on one day, and seats that do not suffice.
EXAMS = (
    ("70", "Clinical Skills", "2026-06-01", 2),
    ("71", "Situational Judgment", "2026-06-01", 3),
    ("72", "Mini-mock", "2026-06-03", 2),
)
#: What a student has of a type: few, so that the last one is fought for, or enough for all.
CREDITS = (0, 1, 2, 9)
#: How often the other booking of a student's day gets its turn between judgement and booking.
RIVAL = 0.25


@dataclass
class BookingWorld(World):
    """Contacts and exams; no bookings before staff make some."""

    #: Operations being carried, each by a worker that waits for the next one.
    under_way: list[str] = field(default_factory=list)

    def _populate(self) -> None:
        rng = self.rng
        self.contacts = [str(100 + n) for n in range(rng.randint(1, 3))]
        for contact in self.contacts:
            balances: dict[str, int | str | None] = {}
            for key in SCHOOL.keys:
                balances[key] = self.started[contact, key] = rng.choice(CREDITS)
            self.crm.add_contact(contact, balances, student_id=f"S{contact}")
        self.capacity, self.seats = {}, {}
        for id_, mock_type, day, capacity in EXAMS:
            self.capacity[id_] = capacity
            self.seats[id_] = rng.randint(0, 1)
            self.crm.add_exam(
                id_, self.seats[id_], mock_type=mock_type, exam_date=day, capacity=str(capacity)
            )

    def run(self) -> None:
        """Staff book, then cancel some and book again; workers carry all of it."""
        for round_ in range(2):
            begun = self._cancel() if round_ else []
            begun += self._book()
            self.operations += begun
            self.quiet_world = False
            self.see_through(begun)
            self.quiet_world = True
            self._check_days(f"seed {self.seed}, round {round_}")  # before a cancellation hides it

    def _book(self) -> list[str]:
        core = self.process()
        begun = []
        for n in range(self.rng.randint(2, 5)):
            # the first two want the same student's same day
            wish = Wish(
                contact_id=ContactId(
                    self.rng.choice(self.contacts[:1] if n < 2 else self.contacts)
                ),
                exam_id=ExamId(EXAMS[n][0] if n < 2 else self.rng.choice(EXAMS)[0]),
                attending_location="Calgary",
                dominant_hand=self.rng.choice(HANDS),
                override=self.rng.random() < 0.2,
            )
            plan = core.booking_preview.preview(wish, ADMIN)
            if plan.will_change:
                core.operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
                begun.append(plan.id)
        return begun

    def _cancel(self) -> list[str]:
        core = self.process()
        names = [item.booking_name for item in self.booked() if self.rng.random() < 0.6]
        if not names:
            return []
        plan = core.operation_planner.preview(
            OperationKind.CANCEL, ByReference(references=tuple(names)), ADMIN
        )
        core.operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
        return [plan.id]

    # --- two who want one day

    def _carry(self, operation_id: str) -> datetime | None:
        self.under_way.append(operation_id)
        try:
            return super()._carry(operation_id)
        finally:
            self.under_way.pop()

    def _sending(self, request: Request) -> Fault:
        """The worst moment: judged, and not yet booked."""
        judged = request.what == "write" and request.kind in {Kind.EXAM, Kind.BOOKING}
        if judged and self.depth == 1 and not self.quiet_world and self.rng.random() < RIVAL:
            for rival in self._rivals(self.under_way[-1]):
                self._carry(rival)
        return super()._sending(request)

    def _rivals(self, operation_id: str) -> list[str]:
        """Other bookings of the same student on the same day."""
        wanted = {(item.contact_id, item.exam_date) for item in self.store.items(operation_id)}
        return [
            other
            for other in self.operations
            if other != operation_id
            and self.store.operation(other).kind is OperationKind.BOOK
            and any((i.contact_id, i.exam_date) in wanted for i in self.store.items(other))
        ]

    # --- what must hold

    def of_kind(self, kind: OperationKind) -> list[Item]:
        """Items of all operations of that kind."""
        return [
            item
            for operation in self.operations
            if self.store.operation(operation).kind is kind
            for item in self.store.items(operation)
        ]

    def booked(self) -> list[Item]:
        """Bookings that were made."""
        return [i for i in self.of_kind(OperationKind.BOOK) if i.state is ItemState.DONE]

    def cancelled(self) -> list[Item]:
        """And those that were cancelled since."""
        return [i for i in self.of_kind(OperationKind.CANCEL) if i.state is ItemState.DONE]

    def ideal(self, contact: str, key: CreditType) -> int:
        """The balance, if nobody had ever written over anybody."""

        def moved(items: list[Item]) -> int:
            return sum(i.contact_id == contact and i.credit == key for i in items)

        spent = self.spent[contact, key] + moved(self.booked())
        return self.started[contact, key] - spent + moved(self.cancelled())

    def check(self) -> None:
        """The promises of a booking."""
        told = f"seed {self.seed}"
        self.quiet_world = True
        self.time += LATEST  # whatever is still on its way arrives
        self._deliver()
        made = Counter(
            record.properties.get("idempotency_key") for record in self.crm.truth.all(Kind.BOOKING)
        )
        for item in self.of_kind(OperationKind.BOOK):
            assert item.state in {ItemState.DONE, ItemState.FAILED}, f"{told}: {item}"
            assert made[item.operation_id] == (item.state is ItemState.DONE), f"{told}: {item}"
        self._check_days(told)
        self._check_audit(told)
        for contact in self.contacts:
            for key in SCHOOL.keys:
                actual = self.crm.balance(Kind.CONTACT, contact, key)
                found = self.corrections(contact, key)
                assert self.ideal(contact, key) == actual + found, f"{told}: {contact} {key}"
                assert actual >= 0, told
        for exam, started in self.seats.items():
            taken = sum(i.exam_id == exam for i in self.booked())
            freed = sum(i.exam_id == exam for i in self.cancelled())
            held = self.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS)
            assert started + taken - freed == held, f"{told}: exam {exam}"
            assert held <= self.capacity[exam], f"{told}: exam {exam} is overbooked"

    def _check_audit(self, told: str) -> None:
        """Each booking that was made stands there once, by the id that HubSpot gave it."""
        entries = [
            (entry.operation_id, entry.subject_id)
            for entry in self.store.recorded()
            if entry.what == What.BOOKED
        ]
        mine = {item.operation_id for item in self.booked()}
        made = [
            (record.properties.get("idempotency_key"), record.id)
            for record in self.crm.truth.all(Kind.BOOKING)
            if record.properties.get("idempotency_key") in mine
        ]
        assert sorted(made) == sorted(entries), told

    def _check_days(self, told: str) -> None:
        days: Counter[tuple[str, object]] = Counter()
        for contact in self.contacts:
            for booking in self.crm.bookings_of(ContactId(contact)):
                assert booking.exam_id is not None, told
                if booking.status is BookingStatus.ACTIVE:
                    days[contact, booking.exam_date] += 1
        assert all(n == 1 for n in days.values()), f"{told}: booked twice on a day: {days}"
