"""Drift: where the mirror differs from the truth, and why (design, section 8).

The cause is decided from evidence alone: the two rows, the outbox and HubSpot's property history.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from operator import itemgetter

from core.credits.exam_times import is_same_time
from core.credits.records import History, Kind
from core.drift.causes import REMEDIES, Cause, Remedy
from core.mirror.rows import BESIDE, CONTACT_OF, ID, SPARE, Row, moment, source_time

#: Moments: HubSpot's and the mirror's text for one moment may differ.
MOMENTS = frozenset({"token_refunded_at", "scheduled_activation_datetime"})
#: What a school's table need not have, of any kind: nothing else that a row lacks is passed over.
_SPARE = frozenset().union(*SPARE.values())
#: Times of a day.
TIMES = frozenset({"start_time", "end_time"})
#: The two texts for a hand: HubSpot's boolean, and the word that people choose.
HAND = "dominant_hand"
_HANDS = {"true": "right", "false": "left"}
TAKEN = frozenset(
    {CONTACT_OF, "exam_hubspot_id"}
    | {"mock_type", "exam_date", "location", "start_time", "end_time"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the truth states of one record: its row, and what of it could not be read."""

    row: Row
    #: Counter to "its raw value and why".
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one record that differs. ``truth``, ``mirror`` None: not there."""

    kind: Kind
    record_id: str
    read_at: datetime
    truth: Stated | None
    mirror: Row | None
    #: In the outbox, and being tried.
    due: bool = False
    #: The dead letter's error, and since when its copy is due.
    failed: str = ""
    failed_since: datetime | None = None
    #: In HubSpot's recycling bin.
    archived: bool = False
    #: Made by a merge of contacts that the mirror still holds.
    made_by_merge: bool = False
    #: Of a booking: the contact that the mirror names was merged into the one the truth names.
    contact_merged: bool = False
    #: None: not asked for, or HubSpot does not give it.
    history: History | None = None
    #: ``source_id`` of the desk's own app; asked only of what it writes without its marker.
    ours: frozenset[str] = frozenset()
    #: The school's, by whose clock times are compared.
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One record whose mirror row is not what the truth states."""

    kind: Kind
    record_id: str
    cause: Cause
    #: Those that differ, credits first; empty when one side has no record at all.
    columns: tuple[str, ...]
    #: The differing columns' values; of an unreadable one, what HubSpot holds and why not.
    truth: Mapping[str, object]
    mirror: Mapping[str, object]
    #: What speaks for the cause, in words.
    evidence: str
    since: datetime

    @property
    def remedy(self) -> Remedy:
        """What mends it."""
        if self.cause is Cause.CONTACT_MERGED and self.kind is not Kind.BOOKING:
            # the row of an old id names the new one; the record that the merge made does not
            return Remedy.REPLACE if ID in self.columns else Remedy.COPY
        return REMEDIES[self.cause]

    @property
    def repairable(self) -> bool:
        """Whether a repair mends it, without a person in HubSpot."""
        return self.remedy is not Remedy.PERSON


def suspects(
    ids: Collection[str],
    truth: Mapping[str, Stated],
    mirror: Mapping[str, Row],
    columns: Collection[str],
    zone: tzinfo = UTC,
) -> list[str]:
    """Those of these records that are not the same on both sides, in order.

    ``columns``: all that a row may state. ``zone``: the school's, for times. Made for 100,000 rows:
    one tuple compare for each.
    """
    lacking = _SPARE - set(next(iter(mirror.values()), _SPARE))
    pick = itemgetter(*sorted(set(columns) - BESIDE - lacking))
    found = []
    for id_ in ids:
        try:
            stated = truth[id_]
            if pick(stated.row) == pick(mirror[id_]) and not stated.unreadable:
                continue
        except KeyError:
            pass  # one of them leaves a column out, or is not there
        if _suspect(id_, truth.get(id_), mirror.get(id_), zone):
            found.append(id_)
    return found


def _suspect(id_: str, stated: Stated | None, held: Row | None, zone: tzinfo) -> bool:
    """The same, with all that is to be forgiven: two texts of one moment, nothing and ""."""
    if stated is None or held is None:
        return (stated is None) is not (held is None)
    merged = stated.row[ID] != id_
    return merged or bool(stated.unreadable) or any(_differing(stated.row, held, zone))


def newer_in_mirror(stated: Stated, held: Row) -> bool:
    """Whether the mirror holds a later version than was read: the truth must be read again."""
    ours, theirs = source_time(stated.row), source_time(held)
    return ours is not None and theirs is not None and theirs > ours


def differing_columns(evidence: Evidence, first: Sequence[str]) -> tuple[str, ...]:
    """Those that differ, or that cannot be read; none of a record that one side lacks."""
    if evidence.truth is None or evidence.mirror is None:
        return tuple(evidence.truth.unreadable) if evidence.truth else ()
    found = _differing(evidence.truth.row, evidence.mirror, evidence.zone)
    differing = {*found, *evidence.truth.unreadable}
    merged = evidence.truth.row[ID] != evidence.record_id
    ordered = sorted(differing, key=lambda name: (name not in first, name))
    return (ID, *ordered) if merged else tuple(ordered)


def _differing(truth: Row, held: Row, zone: tzinfo) -> Iterator[str]:
    for name, value in truth.items():
        if name == ID or name in BESIDE or _same(name, value, held.get(name)):
            continue
        if name in _SPARE and name not in held:
            continue
        if name in TIMES and _same_time(truth, value, held.get(name), zone):
            continue
        yield name


def _same(name: str, truth: object, held: object) -> bool:
    """Null, false and "" of a text or a mark are one thing; 0 of a counter is not null."""
    if name in MOMENTS and (at := moment(truth)) is not None:
        return at == moment(held)
    if name == HAND and truth and held:
        return _hand(truth) == _hand(held)
    return truth == held or (_nothing(truth) and _nothing(held))


def _same_time(truth: Row, one: object, other: object, zone: tzinfo) -> bool:
    """A moment and a text of one time on the school's clock: HubSpot may hold either."""
    if not (one and other):
        return False
    try:
        day = date.fromisoformat(str(truth.get("exam_date")))
    except ValueError:
        return False
    return is_same_time(day, str(one), str(other), zone)


def _hand(value: object) -> str:
    told = str(value).strip().casefold()
    return _HANDS.get(told, told)


def _nothing(value: object) -> bool:
    return value is None or value is False or value == ""


def ahead(truth: Row, held: Row) -> bool:
    """Whether the mirror claims a later version than HubSpot has: no copy may overwrite that."""
    modified, copied = source_time(truth), source_time(held)
    return modified is not None and copied is not None and copied > modified
