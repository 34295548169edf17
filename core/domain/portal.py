"""What one HubSpot account calls things: object types, properties, credit types.

Ids and names differ in every account, so they are configuration (``portal.toml``). The defaults
are the school's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.credits import SCHOOL, Catalogue, CreditType
from core.domain.records import MARKER, TOTAL_BOOKINGS, Kind

#: Our name of each property of each kind. HubSpot's name is the same unless the portal says.
PROPERTIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONTACT: (
        "student_id",
        "email",
        "firstname",
        "lastname",
        "phone",
        "ndecc_exam_date",
        MARKER,
    ),
    Kind.BOOKING: (
        "booking_id",
        "is_active",
        "token_used",
        "token_refunded",
        "token_refunded_at",
        "token_refund_admin",
        "attendance",
        "attending_location",
        "dominant_hand",
        "idempotency_key",
        "associated_contact_id",
        "mock_type",
        "exam_date",
        "location",
        "start_time",
        "end_time",
        MARKER,
    ),
    Kind.EXAM: (
        "mock_exam_name",
        "mock_type",
        "exam_date",
        "start_time",
        "end_time",
        "location",
        "capacity",
        TOTAL_BOOKINGS,
        "is_active",
        "scheduled_activation_datetime",
        MARKER,
    ),
}

#: Object type ids. Contacts and notes are HubSpot's own; the two others are custom objects.
OBJECT_TYPES: Mapping[Kind, str] = {
    Kind.CONTACT: "0-1",
    Kind.BOOKING: "2-50158943",
    Kind.EXAM: "2-50158913",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """One account's names. Checked as it is made.

    Raises:
        ValueError: a property that we do not have is named, or two share HubSpot's name.
    """

    catalogue: Catalogue = SCHOOL
    types: Mapping[Kind, str] = field(default_factory=lambda: OBJECT_TYPES)
    note_type: str = "0-46"
    #: HubSpot's id of the association from a note to its contact.
    note_to_contact: int = 202
    #: Only where HubSpot's name differs from ours.
    renamed: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)
    #: Our name of every property to HubSpot's.
    _names: Mapping[Kind, dict[str, str]] = field(init=False, repr=False, compare=False)
    _counters: Mapping[Kind, tuple[CreditType, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse names that would read one property as two, or two as one."""
        # made once: they are asked for with every record that is read
        counters = {
            Kind.CONTACT: self.catalogue.keys,
            Kind.EXAM: (TOTAL_BOOKINGS,),
            Kind.BOOKING: (),
        }
        object.__setattr__(self, "_counters", counters)
        object.__setattr__(self, "_names", {kind: self._named(kind) for kind in Kind})
        for kind in Kind:
            ours = self._names[kind]
            if strangers := sorted(set(self.renamed.get(kind, {})) - set(ours)):
                known = ", ".join(sorted(ours))
                raise ValueError(f"{kind} have no {', '.join(strangers)}; ours are: {known}")
            theirs = self.names(kind).values()
            if twice := sorted({name for name in theirs if list(theirs).count(name) > 1}):
                raise ValueError(f"two properties of {kind} are called {', '.join(twice)}")

    def _ours(self, kind: Kind) -> tuple[str, ...]:
        own = PROPERTIES[kind]
        return own + tuple(map(str, self.catalogue.keys)) if kind is Kind.CONTACT else own

    def _named(self, kind: Kind) -> dict[str, str]:
        renamed = self.renamed.get(kind, {})
        return {name: renamed.get(name, name) for name in self._ours(kind)}

    def names(self, kind: Kind) -> Mapping[str, str]:
        """Our name of every property to HubSpot's."""
        return self._names[kind]

    def counters(self, kind: Kind) -> tuple[CreditType, ...]:
        """What is counted on such a record."""
        return self._counters[kind]
