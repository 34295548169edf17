"""Students who cancel for themselves in their own app: several steps, with thinking between."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.credits.catalogue import SCHOOL, CreditType, UnknownToken
from core.credits.records import Kind
from tests.fakes.truth import OURS

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Seconds between two steps of an app, or of a person.
THINKING = (0.2, 1.0, 5.0, 30.0)


@dataclass
class Students:
    """Each cancels a booking that their app shows as Active, and gives the credit back.

    The app reads, thinks and writes: nothing of it is atomic. Either step may come first. It uses
    the desk's own token, so that HubSpot names the same source for both.
    """

    #: Of the turns in which one begins.
    rate: float = 0.04
    #: Of those who give the credit back first.
    credit_first: float = 0.3
    #: Of those whose app dies between its two steps.
    dies: float = 0.1
    source: tuple[str, str] = OURS
    #: Credits given back, by contact and credit.
    given: Counter[tuple[str, CreditType]] = field(default_factory=Counter)
    #: When each booking's credit was given back.
    refunded: dict[str, datetime] = field(default_factory=dict)
    #: Bookings whose cancellation in the app was begun.
    begun: list[str] = field(default_factory=list)

    def act(self, world: World) -> None:
        """Perhaps one of them begins."""
        if world.rng.random() >= self.rate:
            return
        booking = world.rng.choice(world.bookings)
        held = world.crm.truth.need(Kind.BOOKING, booking)
        if booking in self.begun or held.properties["is_active"] != "Active":
            return
        self.begun.append(booking)
        steps = [self._cancel, self._give_back]
        if world.rng.random() < self.credit_first:
            steps.reverse()
        first, second = steps
        first(world, booking)
        if world.rng.random() >= self.dies:
            thinking = timedelta(seconds=world.rng.choice(THINKING))
            world.later(thinking, lambda: second(world, booking))

    def _cancel(self, world: World, booking: str) -> None:
        source, source_id = self.source
        world.crm.foreign_write(
            Kind.BOOKING,
            booking,
            {"is_active": "Cancelled"},
            source=source,
            source_id=source_id,
            user_id="",
        )

    def _give_back(self, world: World, booking: str) -> None:
        record = world.crm.truth.need(Kind.BOOKING, booking)
        try:
            credit = SCHOOL.by_token(record.properties["token_used"] or "").key
        except UnknownToken:
            return
        (contact,) = record.linked(Kind.CONTACT)
        source, source_id = self.source
        held = world.crm.balance(Kind.CONTACT, contact.id, credit)
        world.crm.foreign_write(
            Kind.CONTACT,
            contact.id,
            {credit: held + 1},
            source=source,
            source_id=source_id,
            user_id="",
        )
        self.given[contact.id, credit] += 1
        self.refunded[booking] = world.time
