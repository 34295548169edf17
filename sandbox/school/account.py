"""The school's HubSpot account: what its properties are, beyond what every account of ours has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.object_types import ObjectType, date, label, number, text
from sandbox.hubspot.portal import BOOKINGS, EXAMS, Portal


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolPortal(Portal):
    """Hands are yes (right) and no, times are moments, exams have a number of their own."""

    def object_types(self) -> tuple[ObjectType, ...]:
        """The object types that the school has."""
        # not super(): a class with slots is made anew by its decorator
        return tuple(_as_the_school_has_it(each) for each in Portal.object_types(self))


def _as_the_school_has_it(kind: ObjectType) -> ObjectType:
    group = kind.definitions[0].group
    if kind.id == BOOKINGS:
        hand = Definition(
            name="dominant_hand",
            label=label("dominant_hand"),
            type="bool",
            field_type="booleancheckbox",
            group=group,
            options=(("true", "Right"), ("false", "Left")),
        )
        times = (
            date(name, group=group, kind="datetime", calculated=True)
            for name in ("start_time", "end_time")
        )
        more = (text(name, group=group) for name in ("name", "email", "associated_mock_exam"))
        return _with(kind, hand, *times, *more)
    if kind.id == EXAMS:
        times = (date(name, group=group, kind="datetime") for name in ("start_time", "end_time"))
        return _with(kind, number("mock_exam_id", group=group, unique=True), *times)
    return kind


def _with(kind: ObjectType, *own: Definition) -> ObjectType:
    names = {each.name for each in own}
    kept = tuple(each for each in kind.definitions if each.name not in names)
    return replace(kind, definitions=kept + own)
