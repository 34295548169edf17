"""Moving a booking to another exam: what is sent, and whether it is there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.credits.records import Booking, BookingId, Contact, ExamId


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A booking as it is to be tied and named. Sending it again changes nothing more."""

    booking_id: BookingId
    #: The unique ``booking_id``.
    name: str
    to: ExamId
    #: The exam that it is untied from.
    leaves: ExamId

    def done(self, booking: Booking) -> bool:
        """Whether it is there, and nowhere else, under that name."""
        return booking.exam_ids == (self.to,) and booking.booking_id == self.name

    def meets(self, booking: Booking) -> bool:
        """Whether its exams are none but these two: nobody has taken it to a third one."""
        return set(booking.exam_ids) <= {self.to, self.leaves}

    def back(self, name: str) -> Move:
        """The move that undoes this one; ``name``: what the booking was called before."""
        return Move(booking_id=self.booking_id, name=name, to=self.leaves, leaves=self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """What is read of a student whose bookings are to move."""

    #: None: archived or deleted in HubSpot.
    contact: Contact | None
    bookings: tuple[Booking, ...] = ()
