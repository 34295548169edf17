"""The same bad world for moves: admins move, cancel and book while everything goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.audit.entries import What
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    ContactId,
    ExamId,
    Kind,
)
from core.credits.writes import MovementKind
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish, names_for
from core.operations.choosing.select import ByReference
from core.operations.leftovers import About
from core.operations.plans import Plan
from core.operations.states import SETTLED, Item, ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.simulation.world import ADMIN, LATEST, World

CS = "Clinical Skills"
#: id, day, seats beside those of the bookings that the world begins with: two on one day.
EXAMS = (("70", "2026-06-01", 1), ("71", "2026-06-02", 1), ("72", "2026-06-02", 2))
#: Of a seat that could not be given back, because somebody else had counted it down.
STILL_TAKEN = "is still taken"
#: Of the reads that would fail.
READS_SPARED = 0.8
DAYS = {id_: day for id_, day, _ in EXAMS}


@dataclass
class MoveWorld(World):
    """A few students with bookings of three exams, and too few seats for everybody."""

    #: How often the student app cancels a booking, between two requests.
    leave: float = 0.0
    #: Bookings that it cancelled, each with the exam that it counted down.
    left: dict[str, str] = field(default_factory=dict)

    def _populate(self) -> None:
        rng = self.rng
        self.contacts = [str(100 + n) for n in range(rng.randint(1, 3))]
        self.students = {contact: f"S{contact}" for contact in self.contacts}
        for contact in self.contacts:
            balances: dict[str, int | str | None] = {}
            for key in SCHOOL.keys:
                balances[key] = self.started[contact, key] = rng.randint(0, 3)
            self.crm.add_contact(contact, balances, student_id=self.students[contact])
        held = [
            (contact, exam)
            for contact in self.contacts
            for exam in rng.sample(["70", rng.choice(["71", "72"])], rng.randint(1, 2))
        ]
        seats = Counter(exam for _, exam in held)
        self.capacity = {id_: seats[id_] + more for id_, _, more in EXAMS}
        for id_, day, _ in EXAMS:
            self.crm.add_exam(
                id_, seats[id_], mock_type=CS, exam_date=day, capacity=str(self.capacity[id_])
            )
        self.bookings = [str(500 + n) for n in range(len(held))]
        for booking, (contact, exam) in zip(self.bookings, held, strict=True):
            name = self._names(contact, exam)[0]
            self.crm.add_booking(
                booking, contact=contact, exam=exam, token=f"{CS} Token", booking_id=name
            )

        known = [(Kind.BOOKING, id_) for id_ in self.bookings]
        known += [(Kind.EXAM, id_) for id_, _, _ in EXAMS]
        dues = [Due(kind=kind, record_id=id_, row=None) for kind, id_ in known]
        self.store.put_due(dues, at=self.now())

    def _names(self, contact: str, exam: str) -> list[str]:
        return names_for(CS, self.students[contact], date.fromisoformat(DAYS[exam]))

    def run(self) -> None:
        """Two moves to different exams, and perhaps a cancellation and a booking, at once."""
        for round_ in range(self.rng.choice([1, 1, 2])):
            begun = [self._move() for _ in range(2)]
            if self.rng.random() < 0.5:
                begun.append(self._cancel())
            if self.rng.random() < 0.4:
                begun.append(self._book())
            merges = not round_ and self.rng.random() < self.rates.merge
            if merges and len(self.contacts) > 1:
                self._merge()
            going = [id_ for id_ in begun if id_]
            self.operations += going
            self.quiet_world = False
            self.see_through(going)
            self.quiet_world = True
            self._check_days(f"seed {self.seed}, round {round_}")

    def _move(self) -> str:
        return self._chosen(OperationKind.MOVE, to=ExamId(self.rng.choice(EXAMS)[0]))

    def _cancel(self) -> str:
        return self._chosen(OperationKind.CANCEL)

    def _chosen(self, kind: OperationKind, to: ExamId | None = None) -> str:
        """Of some bookings, in an order of their own."""
        some = self.rng.sample(self.bookings, self.rng.randint(1, len(self.bookings)))
        chosen = ByReference(references=tuple(some))
        return self._confirmed(
            self.in_office().operation_planner.preview(kind, chosen, ADMIN, to=to)
        )

    def _confirmed(self, plan: Plan) -> str:
        """Its id; "" when nothing of it would change."""
        if not plan.will_change:
            return ""
        self.in_office().operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
        return plan.id

    def _book(self) -> str:
        wish = Wish(
            contact_id=ContactId(self.rng.choice(self.contacts)),
            exam_id=ExamId(self.rng.choice(EXAMS)[0]),
            dominant_hand="Left",
            override=True,
        )
        return self._confirmed(self.in_office().booking_preview.preview(wish, ADMIN))

    def _merge(self) -> None:
        students = dict(self.students)
        super()._merge()
        new = self.contacts[-1]
        held = self.crm.truth.need(Kind.CONTACT, new).properties["student_id"]
        self.students = {**students, new: str(held)}

    def _sending(self, request: Request) -> Fault:
        """Reads fail seldom: a look makes a dozen, and what is tried here are the writes."""
        fault = super()._sending(request)
        spared = not request.changes and self.rng.random() < READS_SPARED
        return Fault.NONE if spared else fault

    def _answered(self, request: Request) -> None:
        super()._answered(request)
        if not self.quiet_world and self.rng.random() < self.leave:
            self._leave()

    def _leave(self) -> None:
        """A student cancels: the app sets the status, and counts the exam that it sees down."""
        active = [b for b in self._held() if b.status is BookingStatus.ACTIVE and b.exam_id]
        booking = self.rng.choice(active) if active else None
        exam = str(booking.exam_id) if booking else ""
        count = self.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS) if exam else 0
        if booking is None or not count:
            return
        self.left[booking.id] = exam
        source = {"source": "INTEGRATION", "source_id": "student-app"}
        self.crm.foreign_write(Kind.BOOKING, booking.id, {"is_active": "Cancelled"}, **source)
        self.crm.foreign_write(Kind.EXAM, exam, {TOTAL_BOOKINGS: count - 1}, **source)

    # --- what must hold

    def of_kind(self, kind: OperationKind) -> list[Item]:
        """Items of all operations of that kind."""
        return [
            item
            for operation in self.operations
            if self.store.operation(operation).kind is kind
            for item in self.store.items(operation)
        ]

    def done(self, kind: OperationKind) -> list[Item]:
        """Those that were done."""
        return [item for item in self.of_kind(kind) if item.state is ItemState.DONE]

    def _held(self) -> list[Booking]:
        ids = [BookingId(record.id) for record in self.crm.truth.all(Kind.BOOKING)]
        views = (self.crm._read_booking(self.crm.truth.need(Kind.BOOKING, id_)) for id_ in ids)
        return list(views)

    def check(self) -> None:
        """The promises of a move."""
        told = f"seed {self.seed}"
        self.quiet_world = True
        self.time += LATEST  # whatever is still on its way arrives
        self._deliver()
        self._check_bookings(told)
        self._check_days(told)
        self._check_items(told)
        self._check_seats(told)
        self._check_credits(told)
        self.copy_all(told)
        for booking in self._held():
            row = self.mirror.rows(Kind.BOOKING, [booking.id])[booking.id]
            assert row["exam_hubspot_id"] == booking.exam_id, f"{told}: {booking.id}"
            assert row["booking_id"] == booking.booking_id, f"{told}: {booking.id}"

    def _check_bookings(self, told: str) -> None:
        """Each is at one exam, under the name that bookings of that exam have."""
        for booking in self._held():
            assert booking.exam_id is not None, f"{told}: {booking.id} is at {booking.exam_ids}"
            whose = set(self.students.values())
            may = {
                name
                for student in whose
                for name in names_for(CS, student, date.fromisoformat(DAYS[booking.exam_id]))
            }
            assert booking.booking_id in may, f"{told}: {booking.booking_id} at {booking.exam_id}"

    def _check_items(self, told: str) -> None:
        """A seat for each that was moved, none kept for the others; one entry in the audit."""
        kept = Counter[str]()
        for operation in self.operations:
            taken = self.store.moving(operation, MovementKind.SEAT_TAKEN)
            back = self.store.moving(operation, MovementKind.UNDO_SEAT)
            kept[operation] = len(taken) - len(back)
        done = self.done(OperationKind.MOVE)
        for item in self.of_kind(OperationKind.MOVE):
            assert item.state in SETTLED - {ItemState.UNDECIDED}, f"{told}: {item}"
        told_of_seat = [i for i in self.of_kind(OperationKind.MOVE) if STILL_TAKEN in i.why]
        moved = Counter(item.operation_id for item in (*done, *told_of_seat))
        for operation in {item.operation_id for item in self.of_kind(OperationKind.MOVE)}:
            assert kept[operation] == moved[operation], f"{told}: {operation}"
        named = [
            (entry.operation_id, entry.subject_id)
            for entry in self.store.recorded()
            if entry.what == What.BOOKING_MOVED
        ]
        assert sorted((i.operation_id, str(i.booking_id)) for i in done) == sorted(named), told

    def _check_seats(self, told: str) -> None:
        """As many as there are active bookings. Of one cancelled as it moved, both are named."""
        active = Counter(
            str(booking.exam_id)
            for booking in self._held()
            if booking.status is BookingStatus.ACTIVE
        )
        warnings = [
            warning.told
            for operation in self.operations
            for warning in self.store.warnings(operation)
            if warning.about is About.SEATS
        ]
        named = {exam for exam in DAYS if any(exam in warned for warned in warnings)}
        counted = self._counted()
        floored = any("was not counted down" in warned for warned in warnings)
        if not floored and not any(STILL_TAKEN in i.why for i in self.of_kind(OperationKind.MOVE)):
            assert sum(active.values()) == sum(counted.values()), f"{told}: {active} {counted}"
        for exam, held in counted.items():
            if exam not in named:
                assert active[exam] == held, f"{told}: exam {exam} has {active[exam]}: {counted}"
            if not self.left:
                assert held <= self.capacity[exam], f"{told}: exam {exam} is overbooked"

    def _counted(self) -> Mapping[str, int]:
        return {
            exam: self.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS)
            + self.corrections(exam, TOTAL_BOOKINGS)
            for exam, _, _ in EXAMS
        }

    def _check_credits(self, told: str) -> None:
        """Moves change none: only cancellations and spending did."""
        for contact in self.contacts:
            for key in SCHOOL.keys:
                actual = self.crm.balance(Kind.CONTACT, contact, key)
                found = self.corrections(contact, key)
                assert self.ideal(contact, key) == actual + found, f"{told}: {contact} {key}"

    def ideal(self, contact: str, key: CreditType) -> int:
        """The balance, if nobody had ever written over anybody."""
        given = sum(
            item.credit == key and self.merged.get(str(item.contact_id), item.contact_id) == contact
            for item in self.done(OperationKind.CANCEL)
        )
        return self.started[contact, key] + given - self.spent[contact, key]

    def _check_days(self, told: str) -> None:
        if self.merged:
            return  # two students of one day may have become one
        days = Counter(
            (booking.contact_ids, booking.exam_date)
            for booking in self._held()
            if booking.status is BookingStatus.ACTIVE
        )
        assert all(n == 1 for n in days.values()), f"{told}: twice on a day: {days}"
