"""``portal.toml``'s tables as an account's ``Portal``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.credits.account import OBJECT_TYPES, WORDS, Portal
from core.credits.catalogue import SCHOOL, Catalogue, Credit, CreditType, DayRule
from core.credits.records import Kind
from core.mirror.names import MirrorNames


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Objects(_Table):
    """``[objects]``: object type ids."""

    contacts: str = OBJECT_TYPES[Kind.CONTACT]
    bookings: str = OBJECT_TYPES[Kind.BOOKING]
    exams: str = OBJECT_TYPES[Kind.EXAM]
    notes: str = "0-46"
    note_to_contact: int = 202


class Properties(_Table):
    """``[properties.contacts]`` and so on: our name = "HubSpot's", where they differ."""

    contacts: dict[str, str] = Field(default_factory=dict)
    bookings: dict[str, str] = Field(default_factory=dict)
    exams: dict[str, str] = Field(default_factory=dict)


class Values(_Table):
    """``[values.bookings.dominant_hand]`` and so on: our word = the account's value."""

    contacts: dict[str, dict[str, str | bool]] = Field(default_factory=dict)
    bookings: dict[str, dict[str, str | bool]] = Field(default_factory=dict)
    exams: dict[str, dict[str, str | bool]] = Field(default_factory=dict)

    def by_kind(self) -> dict[Kind, dict[str, dict[str, str]]]:
        """In our spelling of our words, and HubSpot's of a yes and no."""
        given = {Kind.CONTACT: self.contacts, Kind.BOOKING: self.bookings, Kind.EXAM: self.exams}
        return {
            kind: {name: _spelt(kind, name, values) for name, values in own.items()}
            for kind, own in given.items()
        }


def _spelt(kind: Kind, name: str, values: dict[str, str | bool]) -> dict[str, str]:
    words = {word.casefold(): word for word in WORDS.get(kind, {}).get(name, ())}
    return {
        words.get(word.casefold(), word): str(value).lower()
        if value in {True, False}
        else str(value)
        for word, value in values.items()
    }


class Columns(_Table):
    """``[columns.contacts]`` and so on: our name = "the column", or a list of columns."""

    contacts: dict[str, str | list[str]] = Field(default_factory=dict)
    bookings: dict[str, str | list[str]] = Field(default_factory=dict)
    exams: dict[str, str | list[str]] = Field(default_factory=dict)


def make_names(columns: Columns, portal: Portal) -> MirrorNames:
    """What the school's tables call our columns; ``ValueError`` says which name cannot be."""
    given = {Kind.CONTACT: columns.contacts, Kind.BOOKING: columns.bookings}
    given[Kind.EXAM] = columns.exams
    return MirrorNames(
        renamed={
            kind: {
                ours: (theirs,) if isinstance(theirs, str) else tuple(theirs)
                for ours, theirs in own.items()
            }
            for kind, own in given.items()
        },
        catalogue=portal.catalogue,
    )


#: As HubSpot numbers its people and apps.
_Number = Annotated[str, Field(pattern=r"^\d+$")]
_Called = Annotated[str, Field(min_length=1, max_length=100)]


class NameTables(_Table):
    """``[names]``: what people and apps of HubSpot are called, by their ids there."""

    users: dict[_Number, _Called] = Field(default_factory=dict)
    apps: dict[_Number, _Called] = Field(default_factory=dict)


class CreditRow(_Table):
    """One ``[[credits]]``."""

    key: str = Field(min_length=1)
    token: str = Field(min_length=1)
    label: str = Field(min_length=1)
    mock_type: str = ""
    falls_back_to_shared: bool = False


def make_portal(
    objects: Objects,
    properties: Properties,
    values: Values,
    credits_: list[CreditRow],
    day_rule: DayRule = DayRule.ANY,
) -> Portal:
    """The account's names; ``ValueError`` says which of them cannot be."""
    rows: list[dict[str, Any]] = [row.model_dump() for row in credits_]
    made = tuple(Credit(**{**row, "key": CreditType(row["key"])}) for row in rows)
    return Portal(
        catalogue=Catalogue(made or SCHOOL.credits, day_rule),
        types={
            Kind.CONTACT: objects.contacts,
            Kind.BOOKING: objects.bookings,
            Kind.EXAM: objects.exams,
        },
        note_type=objects.notes,
        note_to_contact=objects.note_to_contact,
        renamed={
            Kind.CONTACT: properties.contacts,
            Kind.BOOKING: properties.bookings,
            Kind.EXAM: properties.exams,
        },
        values=values.by_kind(),
    )
