"""Whether the object type of a kind is another object by its own name in HubSpot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.credits.records import Kind

#: A part of the name by which people know such an object.
WORDS: Mapping[Kind, str] = {Kind.CONTACT: "contact", Kind.BOOKING: "booking", Kind.EXAM: "exam"}
#: HubSpot's own object types, which the list of custom ones leaves out.
STANDARD: Mapping[str, str] = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-46": "notes",
}

#: Id, name and fully qualified name of an object type.
Schema = tuple[str, str, str]


def other_name(kind: Kind, type_id: str, schemas: Sequence[Schema]) -> str:
    """The type's own name when it says that the type is another object; "" otherwise.

    A name that tells nothing ("enrolments") is no contradiction, and neither is a type that the
    token may not see.
    """
    if (standard := STANDARD.get(type_id)) is not None:
        return "" if WORDS[kind] in standard else standard
    name = next((name for id_, name, _ in schemas if id_ == type_id), "")
    told = {each for each, word in WORDS.items() if word in name.casefold()}
    return name if told and kind not in told else ""


def meant(kind: Kind, schemas: Sequence[Schema]) -> str:
    """The id of the one custom type that bears the name of this kind; "" unless it is one."""
    named = [id_ for id_, name, _ in schemas if WORDS[kind] in name.casefold()]
    return named[0] if len(named) == 1 else ""
