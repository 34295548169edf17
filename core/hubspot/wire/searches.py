"""Bodies of HubSpot's searches, within its limits of groups and filters.

Every page of a long search asks for ids above the last one seen, in order of id. HubSpot refuses
to page past 10,000 results, and this way there is no page past the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from core.credits.account import Portal
from core.credits.records import BookingStatus, Kind
from core.credits.sessions import Opening
from core.hubspot.ports.crm import BookingFilter
from core.hubspot.wire.records import MERGED
from core.hubspot.wire.values import milliseconds

PAGE_MAX, FILTERS_MAX, FILTERS_TOTAL_MAX, CAP = 200, 6, 18, 10_000
ID_DIGITS_MAX = 18
#: Values to be found by one search.
NAMED_MAX = 100

#: HubSpot's name of the time of the last change.
MODIFIED = {
    Kind.CONTACT: "lastmodifieddate",
    Kind.BOOKING: "hs_lastmodifieddate",
    Kind.EXAM: "hs_lastmodifieddate",
}

Body = dict[str, Any]
Filter = dict[str, Any]


#: The record with the highest id, and the number of all.
HIGHEST: Mapping[str, Any] = {
    "filterGroups": [],
    "properties": ["hs_object_id"],
    "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
    "limit": 1,
}


def bookings_body(portal: Portal, narrow: BookingFilter, *, above: str, upto: str = "") -> Body:
    """One page of bookings with an id above this. It may find more than ``narrow.fits``.

    ``upto``: and no higher than that. What HubSpot's limits leave no room for is for
    ``narrow.fits`` to tell.
    """
    names = portal.names(Kind.BOOKING)
    either = _alternatives(narrow, names)
    ids = [_filter("hs_object_id", "GT", above)]
    if upto:
        ids.append(_filter("hs_object_id", "LTE", upto))
    common = [*ids, *_narrowing(narrow, names)]
    room = min(FILTERS_MAX, FILTERS_TOTAL_MAX // len(either))
    groups = [{"filters": [*group, *common[: room - len(group)]]} for group in either]
    return {
        "filterGroups": groups,
        "properties": list(names.values()),
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": PAGE_MAX,
    }


def _alternatives(narrow: BookingFilter, names: Mapping[str, str]) -> list[list[Filter]]:
    """What only groups can say: one of these statuses, not refunded or never marked."""
    statuses: list[list[Filter]] = [[]]
    if narrow.statuses and BookingStatus.UNKNOWN not in narrow.statuses:
        statuses = [[_filter(names["is_active"], "EQ", s.value)] for s in narrow.statuses]
    if len(statuses) > 2:
        statuses = [[]]
    refunded = names["token_refunded"]
    marks: list[list[Filter]] = [[]]
    if narrow.refunded is True:
        marks = [[_filter(refunded, "EQ", "true")]]
    elif narrow.refunded is False:
        unmarked = {"propertyName": refunded, "operator": "NOT_HAS_PROPERTY"}
        marks = [[_filter(refunded, "NEQ", "true")], [unmarked]]
    return [[*status, *mark] for status in statuses for mark in marks]


def _narrowing(narrow: BookingFilter, names: Mapping[str, str]) -> Iterator[Filter]:
    """The most telling first: the last may find no room."""
    if narrow.with_token:
        yield {"propertyName": names["token_used"], "operator": "HAS_PROPERTY"}
    yield from _days(names["exam_date"], narrow.exam_date_from, narrow.exam_date_to)
    for name, value in (
        ("mock_type", narrow.mock_type),
        ("token_used", narrow.token),
        ("location", narrow.location),
    ):
        if value:
            yield _filter(names[name], "EQ", value)


def exams_body(portal: Portal, since: date | None, until: date | None, *, after: int) -> Body:
    """One page of exams of these days, soonest first."""
    names = portal.names(Kind.EXAM)
    filters = list(_days(names["exam_date"], since, until))
    return {
        "filterGroups": [{"filters": filters}] if filters else [],
        "properties": [*names.values(), *MERGED],
        "sorts": [{"propertyName": names["exam_date"], "direction": "ASCENDING"}],
        "limit": PAGE_MAX,
        "after": str(after),
    }


def scheduled_body(portal: Portal, due_by: datetime, *, above: str) -> Body:
    """One page of ids of exams whose scheduled activation has come."""
    names = portal.names(Kind.EXAM)
    filters = [
        _filter(names["is_active"], "EQ", Opening.SCHEDULED.value),
        _filter(names["scheduled_activation_datetime"], "LTE", milliseconds(due_by)),
        _filter("hs_object_id", "GT", above),
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "properties": ["hs_object_id"],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": PAGE_MAX,
    }


def contacts_bodies(portal: Portal, text: str, *, limit: int) -> Iterator[Body]:
    """By HubSpot's own text search, and a number by student id and record id as well."""
    names = portal.names(Kind.CONTACT)
    wanted: dict[str, Any] = {
        "properties": [*names.values(), *MERGED],
        "limit": min(limit, PAGE_MAX),
    }
    if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX:
        keys = (names["student_id"], "hs_object_id")
        groups: Sequence[Body] = [{"filters": [_filter(key, "EQ", text)]} for key in keys]
        yield {**wanted, "filterGroups": groups}
    yield {**wanted, "query": text}


def named_body(property_: str, values: Sequence[str], *, above: str) -> Body:
    """One page of contacts with any of these values, which ``IN`` wants in small letters."""
    either = sorted({value.strip().lower() for value in values})
    filters = [
        {"propertyName": property_, "operator": "IN", "values": either},
        _filter("hs_object_id", "GT", above),
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "properties": [property_],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": PAGE_MAX,
    }


def changed_body(kind: Kind, since: datetime, *, above: str) -> Body:
    """One page of ids of records changed since, for an incremental sweep."""
    filters = [
        _filter(MODIFIED[kind], "GTE", milliseconds(since)),
        _filter("hs_object_id", "GT", above),
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "properties": ["hs_object_id"],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": PAGE_MAX,
    }


def _days(name: str, first: date | None, last: date | None) -> Iterator[Filter]:
    if first and last:
        between = _filter(name, "BETWEEN", _midnight(first))
        yield {**between, "highValue": _midnight(last)}
    elif first:
        yield _filter(name, "GTE", _midnight(first))
    elif last:
        yield _filter(name, "LTE", _midnight(last))


def _midnight(day: date) -> str:
    return milliseconds(datetime.combine(day, time(), UTC))


def _filter(name: str, operator: str, value: str) -> Filter:
    return {"propertyName": name, "operator": operator, "value": value}
