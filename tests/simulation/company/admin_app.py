"""A second admin's app: it refunds with and without marks, and moves bookings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.credits.catalogue import SCHOOL, CreditType, UnknownToken
from core.credits.records import Kind
from tests.simulation.company.students import THINKING

if TYPE_CHECKING:
    from tests.simulation.world import World

ADMIN_APP = ("INTEGRATION", "admin-app")


@dataclass
class AdminApp:
    """Refunds a booking that it shows as cancelled and not refunded; or moves one."""

    rate: float = 0.02
    #: Of its refunds: those that it marks.
    marks: float = 0.5
    #: Of its turns: a booking moves to another student or exam.
    moves: float = 0.2
    given: Counter[tuple[str, CreditType]] = field(default_factory=Counter)
    #: When each booking's credit was given back.
    refunded: dict[str, datetime] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def act(self, world: World) -> None:
        """Perhaps it begins something."""
        if world.rng.random() >= self.rate:
            return
        booking = world.rng.choice(world.bookings)
        if booking in self.begun:
            return
        self.begun.append(booking)
        if world.rng.random() < self.moves:
            self._move(world, booking)
            return
        held = world.crm.truth.need(Kind.BOOKING, booking).properties
        if held["is_active"] != "Cancelled" or held.get("token_refunded"):
            return
        steps = [self._give_back]
        if world.rng.random() < self.marks:
            steps.insert(world.rng.randint(0, 1), self._mark)
        steps[0](world, booking)
        for step in steps[1:]:
            thinking = timedelta(seconds=world.rng.choice(THINKING))
            world.later(thinking, lambda step=step: step(world, booking))  # type: ignore[misc]

    def _give_back(self, world: World, booking: str) -> None:
        record = world.crm.truth.need(Kind.BOOKING, booking)
        try:
            credit = SCHOOL.by_token(record.properties["token_used"] or "").key
        except UnknownToken:
            return
        (contact,) = record.linked(Kind.CONTACT)
        held = world.crm.balance(Kind.CONTACT, contact.id, credit)
        source, source_id = ADMIN_APP
        world.crm.foreign_write(
            Kind.CONTACT, contact.id, {credit: held + 1}, source=source, source_id=source_id
        )
        self.given[contact.id, credit] += 1
        self.refunded[booking] = world.time

    def _mark(self, world: World, booking: str) -> None:
        source, source_id = ADMIN_APP
        marks = {"token_refunded": "true", "token_refund_admin": "lee@example.test"}
        world.crm.foreign_write(Kind.BOOKING, booking, marks, source=source, source_id=source_id)

    def _move(self, world: World, booking: str) -> None:
        record = world.crm.truth.need(Kind.BOOKING, booking)
        kind = world.rng.choice([Kind.CONTACT, Kind.EXAM])
        ids = world.contacts if kind is Kind.CONTACT else world.exams
        (now,) = record.linked(kind)
        others = [id_ for id_ in ids if id_ != now.id]
        if others:
            world.crm.unlink(booking, kind, now.id)
            world.crm.link(booking, kind, world.rng.choice(others))
            self.moved.append(booking)
