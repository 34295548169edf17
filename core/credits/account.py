"""What one HubSpot account calls things: object types, properties, credit types.

Ids and names differ in every account, so they are configuration (``portal.toml``). The defaults
are the school's.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.credits.catalogue import SCHOOL, Catalogue, CreditType
from core.credits.records import FORFEITED, MARKER, TOTAL_BOOKINGS, Kind

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
        FORFEITED,
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

#: Properties that a new booking gets where portal.toml says that the account has them: other apps
#: read them. Nothing of ours depends on them.
FOR_OTHERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BOOKING: ("student_name", "student_email", "associated_mock_exam")
}

#: Words of ours that an account may hold as other values, by kind and property.
WORDS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.BOOKING: {"dominant_hand": ("Right", "Left")}
}
#: Values that say the same in every account, should it hold them: "right" as a yes.
_KNOWN: Mapping[str, Mapping[str, str]] = {"dominant_hand": {"true": "Right", "false": "Left"}}

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
    #: By kind and property: our word to HubSpot's value, where they differ.
    values: Mapping[Kind, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
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
                known = ", ".join(sorted({*ours, *FOR_OTHERS.get(kind, ())}))
                raise ValueError(f"{kind} have no {', '.join(strangers)}; ours are: {known}")
            theirs = self.names(kind).values()
            if twice := sorted({name for name in theirs if list(theirs).count(name) > 1}):
                raise ValueError(f"two properties of {kind} are called {', '.join(twice)}")
            self._check_values(kind)

    def _check_values(self, kind: Kind) -> None:
        known = WORDS.get(kind, {})
        for name, values in self.values.get(kind, {}).items():
            where = f"[values.{kind}.{name}]"
            if name not in known:
                may = ", ".join(known) or "none"
                raise ValueError(
                    f"{where}: the values of {name} are HubSpot's own; to be named: {may}"
                )
            if strangers := sorted(set(values) - set(known[name])):
                words = ", ".join(known[name])
                raise ValueError(f"{where} {', '.join(strangers)} is no word of ours: {words}")
            held = [value.casefold() for value in values.values()]
            if "" in held or len(set(held)) < len(held):
                raise ValueError(f"{where}: each word needs a value of its own")

    def _ours(self, kind: Kind) -> tuple[str, ...]:
        renamed = self.renamed.get(kind, {})
        own = PROPERTIES[kind] + tuple(n for n in FOR_OTHERS.get(kind, ()) if n in renamed)
        return own + tuple(map(str, self.catalogue.keys)) if kind is Kind.CONTACT else own

    def _named(self, kind: Kind) -> dict[str, str]:
        renamed = self.renamed.get(kind, {})
        return {name: renamed.get(name, name) for name in self._ours(kind)}

    def names(self, kind: Kind) -> Mapping[str, str]:
        """Our name of every property to HubSpot's."""
        return self._names[kind]

    def value(self, kind: Kind, name: str, word: str) -> str:
        """HubSpot's value for a word of ours; the word itself where the account has no other."""
        return self.values.get(kind, {}).get(name, {}).get(word, word)

    def word(self, kind: Kind, name: str, value: str) -> str:
        """Our word for a value of HubSpot's; the value itself where we have none."""
        told = value.strip().casefold()
        for word, held in self.values.get(kind, {}).get(name, {}).items():
            if held.casefold() == told:
                return word
        words = {word.casefold(): word for word in WORDS.get(kind, {}).get(name, ())}
        return {**_KNOWN.get(name, {}), **words}.get(told, value)

    def counters(self, kind: Kind) -> tuple[CreditType, ...]:
        """What is counted on such a record."""
        return self._counters[kind]
