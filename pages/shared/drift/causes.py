"""Causes and kinds as people read them, and how each is told apart in a chart."""

from __future__ import annotations

from collections.abc import Iterable

from core.credits.records import Kind
from core.drift.causes import Cause
from pages.shared import words
from pages.shared.charts import Colour, Look

#: In the order of stacking: what needs a person most stands at the bottom, where it is seen best.
LOOKS: dict[Cause, Look] = {
    Cause.UNEXPLAINED: Look(Colour.VERMILION),
    Cause.COPY_FAILED: Look(Colour.ORANGE),
    Cause.UNREADABLE_VALUE: Look(Colour.ORANGE, "/"),
    Cause.CHANGED_IN_MIRROR: Look(Colour.GREEN),
    Cause.CHANGED_IN_HUBSPOT: Look(Colour.BLUE),
    Cause.OLDER_COPY: Look(Colour.SKY, "/"),
    Cause.MISSING_ROW: Look(Colour.YELLOW),
    Cause.ORPHAN_ROW: Look(Colour.YELLOW, "/"),
    Cause.CONTACT_MERGED: Look(Colour.PURPLE),
    Cause.CONTACT_GONE: Look(Colour.PURPLE, "/"),
}
SHORT: dict[Cause, str] = {
    Cause.UNEXPLAINED: "Unexplained",
    Cause.COPY_FAILED: "Copy failed",
    Cause.UNREADABLE_VALUE: "Unreadable value",
    Cause.CHANGED_IN_MIRROR: "Changed in Supabase",
    Cause.CHANGED_IN_HUBSPOT: "Changed in HubSpot",
    Cause.OLDER_COPY: "Older copy",
    Cause.MISSING_ROW: "Missing row",
    Cause.ORPHAN_ROW: "Orphan row",
    Cause.CONTACT_MERGED: "Contact merged",
    Cause.CONTACT_GONE: "Contact gone",
}
#: What it means, and who mends it.
MEANS: dict[Cause, str] = {
    Cause.UNEXPLAINED: "HubSpot and Supabase differ and nothing explains it. A repair copies "
    "HubSpot's values to Supabase; if the drift returns, something else "
    "writes to Supabase.",
    Cause.COPY_FAILED: "The copy to Supabase failed eight times. Fix what the error names, "
    "then retry the copy or repair.",
    Cause.UNREADABLE_VALUE: "A balance in HubSpot is not a whole number of 0 or more. A repair "
    "copies everything else: correct the value in HubSpot, and the copy follows.",
    Cause.CHANGED_IN_MIRROR: "The row was edited in Supabase after it was copied. A repair puts "
    "HubSpot's values back.",
    Cause.CHANGED_IN_HUBSPOT: "A person or app other than Credit Desk changed it in HubSpot, "
    "and it was not copied to Supabase. A repair copies it.",
    Cause.OLDER_COPY: "Supabase has values that HubSpot had before: the copy by Credit Desk is "
    "late, or another app copied older values. Each check repairs it, unless that is switched off.",
    Cause.MISSING_ROW: "HubSpot has the record, and Supabase has no row of it. A repair makes it.",
    Cause.ORPHAN_ROW: "Supabase has a row of a record that HubSpot does not have.",
    Cause.CONTACT_MERGED: "The contact was merged into another one in HubSpot; Supabase still "
    "has the old row.",
    Cause.CONTACT_GONE: "The record was archived in HubSpot; its row is still in Supabase.",
}
KINDS = {Kind.CONTACT: "Contact", Kind.BOOKING: "Booking", Kind.EXAM: "Exam"}
#: What a record of the portal is called in a badge of the table.
BADGES = {
    Colour.VERMILION: "red",
    Colour.ORANGE: "orange",
    Colour.GREEN: "green",
    Colour.BLUE: "blue",
    Colour.SKY: "blue",
    Colour.YELLOW: "yellow",
    Colour.PURPLE: "violet",
}

assert LOOKS.keys() == SHORT.keys() == MEANS.keys() == set(Cause) - {Cause.COPY_DUE}
assert BADGES.keys() >= {look.colour for look in LOOKS.values()}, "every colour has its badge"
assert KINDS.keys() == set(Kind), "every kind of record has its word"


def cause_named(short: str) -> Cause | None:
    """The cause that screens call so."""
    return next((cause for cause, name in SHORT.items() if name == short), None)


def kind_named(word: str) -> Kind | None:
    """The kind that screens call so."""
    return next((kind for kind, name in KINDS.items() if name == word), None)


def listed(parts: Iterable[str]) -> str:
    """Words in a row: "a, b and c"."""
    several = list(parts)
    if len(several) < 2:
        return "".join(several)
    return f"{', '.join(several[:-1])} and {several[-1]}"


def counted(kinds: dict[str, int]) -> str:
    """As far as there are any: "2,000 contacts, 6,000 bookings and 60 exams"."""
    return listed(
        words.count(kinds.get(kind.value, 0), KINDS[kind].lower())
        for kind in Kind
        if kinds.get(kind.value)
    )
