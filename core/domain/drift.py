"""Drift: where the mirror differs from the truth, and why (design, section 8).

The cause is decided from evidence alone: the two rows, the outbox and HubSpot's property history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from core.domain.causes import REMEDIES, Cause, Remedy
from core.domain.mirror import ID, PARTIAL, SOURCE_TIME, Row
from core.domain.records import MARKER, History, Kind, Version

__all__ = [
    "CONTACT_OF",
    "Cause",
    "Drift",
    "Evidence",
    "Remedy",
    "Stated",
    "explain",
    "newer_in_mirror",
    "suspects",
]

#: A copy sets ``synced_at`` and ``updated_at`` in one statement, yet not in one microsecond.
ONE_STATEMENT = timedelta(milliseconds=100)
#: Moments: HubSpot's and the mirror's text for one moment may differ.
MOMENTS = frozenset({"token_refunded_at", "scheduled_activation_datetime"})
#: What HubSpot takes from a booking's contact and exam. A change there need not show in the
#: booking's own history and modified time.
CONTACT_OF = "contact_hubspot_id"
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
    #: ``source_id`` of changes that the desk itself made, beside those of its marker.
    ours: frozenset[str] = frozenset()


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
) -> list[str]:
    """Those of these records that are not the same on both sides, in order.

    ``columns``: all that a row may state. Made for 100,000 rows: one tuple compare for each.
    """
    pick = itemgetter(*sorted(set(columns) - {SOURCE_TIME, PARTIAL}))
    found = []
    for id_ in ids:
        stated, held = truth.get(id_), mirror.get(id_)
        if stated is not None and held is not None and not stated.unreadable:
            try:
                if pick(stated.row) == pick(held):
                    continue
            except KeyError:
                pass  # one of them leaves a column out
            if stated.row[ID] == id_ and not any(_differing(stated.row, held)):
                continue
        elif stated is None and held is None:
            continue
        found.append(id_)
    return found


def explain(evidence: Evidence, first: Sequence[str] = ()) -> Drift | None:
    """The drift with its cause; None when there is none, or a copy is due.

    ``first``: columns to name before others, the credits.
    """
    columns = _columns(evidence, first)
    stated, held = evidence.truth, evidence.mirror
    both = stated is not None and held is not None
    if (both and not columns) or (held is None and not _there(evidence)):
        return None
    cause, words, since = _cause(evidence, columns)
    if cause is Cause.COPY_DUE:
        return None
    truth: Row = {} if stated is None else {**stated.row, **stated.unreadable}
    return Drift(
        kind=evidence.kind,
        record_id=evidence.record_id,
        cause=cause,
        columns=columns,
        truth={name: truth.get(name) for name in columns},
        mirror={name: (held or {}).get(name) for name in columns},
        evidence=words,
        since=since,
    )


def newer_in_mirror(stated: Stated, held: Row) -> bool:
    """Whether the mirror holds a later version than was read: the truth must be read again."""
    ours, theirs = _source_time(stated.row), _source_time(held)
    return ours is not None and theirs is not None and theirs > ours


def _there(evidence: Evidence) -> bool:
    """Whether HubSpot has it by this very id: one that was merged away needs no row."""
    stated = evidence.truth
    return stated is not None and stated.row[ID] == evidence.record_id


_Found = tuple[Cause, str, datetime]


def _cause(evidence: Evidence, columns: Sequence[str]) -> _Found:
    """The first that fits: what the desk knows, then who is there, then who changed what."""
    at, stated, held = evidence.read_at, evidence.truth, evidence.mirror
    if evidence.due:
        return Cause.COPY_DUE, "its copy is in the outbox", at
    if stated is None:
        return _without_truth(evidence)
    if stated.row[ID] != evidence.record_id:
        into = stated.row[ID]
        told = f"HubSpot answers for it with {into}, which it was merged into"
        return Cause.CONTACT_MERGED, told, _source_time(stated.row) or at
    if evidence.failed:
        return Cause.COPY_FAILED, evidence.failed, evidence.failed_since or at
    if stated.unreadable:
        told = "; ".join(f"{name}: {why}" for name, why in stated.unreadable.items())
        newest = _newest(evidence.history, tuple(stated.unreadable))
        since = newest.at if newest else _source_time(stated.row) or at
        return Cause.UNREADABLE_VALUE, told, since
    if held is None:
        since = _source_time(stated.row) or at
        if evidence.made_by_merge:
            return Cause.CONTACT_MERGED, "made by a merge; the mirror holds the old ones", since
        return Cause.MISSING_ROW, "the mirror has no row of it", since
    return _changed(evidence, stated.row, held, columns)


def _without_truth(evidence: Evidence) -> _Found:
    held = evidence.mirror or {}
    since = _moment(held.get("synced_at")) or _source_time(held) or evidence.read_at
    if evidence.archived:
        return Cause.CONTACT_GONE, "archived in HubSpot", since
    return Cause.ORPHAN_ROW, "HubSpot has no such record, nor had it in its recycling bin", since


def _changed(evidence: Evidence, truth: Row, held: Row, columns: Sequence[str]) -> _Found:
    """Which side moved since the copy was made."""
    if evidence.contact_merged and set(columns) == {CONTACT_OF}:
        told = f"its contact {held.get(CONTACT_OF)} was merged into {truth.get(CONTACT_OF)}"
        return Cause.CONTACT_MERGED, told, evidence.read_at
    copied, modified = _source_time(held), _source_time(truth)
    edited, synced = _moment(held.get("updated_at")), _moment(held.get("synced_at"))
    newest = _newest(evidence.history, columns)
    moved = newest is not None and (copied is None or newest.at > copied)
    if newest is not None and moved:
        told = _told(newest)
        if _by_us(newest, evidence):
            return Cause.OLDER_COPY, f"written by the desk, {told}; the copy is older", newest.at
        return Cause.CHANGED_IN_HUBSPOT, told, newest.at
    if edited and (synced is None or edited > synced + ONE_STATEMENT):
        return Cause.CHANGED_IN_MIRROR, f"its row was edited at {edited.isoformat()}", edited
    if modified and copied and modified > copied:
        told = f"HubSpot's version is of {modified.isoformat()}; its history tells no more"
        return Cause.CHANGED_IN_HUBSPOT, told, modified
    if evidence.kind is Kind.BOOKING and TAKEN.issuperset(columns):
        told = "its contact or exam was changed, of which HubSpot keeps no history here"
        return Cause.CHANGED_IN_HUBSPOT, told, evidence.read_at
    told = "both sides say the same version, and neither shows a change"
    return Cause.UNEXPLAINED, told, edited or evidence.read_at


def _by_us(version: Version, evidence: Evidence) -> bool:
    """Our marker comes with every write of ours, and only our app writes it."""
    marks = (evidence.history or {}).get(MARKER, ())
    ours = evidence.ours | {mark.source_id for mark in marks if mark.source_id}
    return version.source_id in ours or any(mark.at == version.at for mark in marks)


def _newest(history: History | None, columns: Sequence[str]) -> Version | None:
    versions = [v for name in columns for v in (history or {}).get(name, ())[:1]]
    return max(versions, key=lambda version: version.at, default=None)


def _told(version: Version) -> str:
    who = " ".join(part for part in (version.source, version.source_id) if part) or "unknown"
    user = f" by user {version.user_id}" if version.user_id else ""
    return f"changed through {who}{user} at {version.at.isoformat()}"


def _columns(evidence: Evidence, first: Sequence[str]) -> tuple[str, ...]:
    """Those that differ, or that cannot be read; none of a record that one side lacks."""
    if evidence.truth is None or evidence.mirror is None:
        return tuple(evidence.truth.unreadable) if evidence.truth else ()
    differing = {*_differing(evidence.truth.row, evidence.mirror), *evidence.truth.unreadable}
    merged = evidence.truth.row[ID] != evidence.record_id
    ordered = sorted(differing, key=lambda name: (name not in first, name))
    return (ID, *ordered) if merged else tuple(ordered)


def _differing(truth: Row, held: Row) -> Iterator[str]:
    for name, value in truth.items():
        if name in {ID, SOURCE_TIME, PARTIAL} or _same(name, value, held.get(name)):
            continue
        yield name


def _same(name: str, truth: object, held: object) -> bool:
    """Null, false and "" of a text or a mark are one thing; 0 of a counter is not null."""
    if name in MOMENTS:
        return _moment(truth) == _moment(held)
    return truth == held or (_nothing(truth) and _nothing(held))


def _nothing(value: object) -> bool:
    return value is None or value is False or value == ""


def _source_time(row: Row) -> datetime | None:
    return _moment(row.get(SOURCE_TIME))


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(str(value)) if value else None
