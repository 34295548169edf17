"""Explaining: the cause of a drift, decided from evidence alone (design, section 8). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import dropwhile

from core.credits.records import MARKER, History, Kind, Version
from core.drift.causes import Cause
from core.drift.differences import TAKEN, Drift, Evidence, Stated, ahead, differing_columns
from core.mirror.rows import CONTACT_OF, ID, Row, moment, source_time
from core.operations.foreign.changes import same_update
from core.operations.foreign.words import source_words

#: A copy sets ``synced_at`` and ``updated_at`` in one statement, yet not in one microsecond.
ONE_STATEMENT = timedelta(milliseconds=1)
#: What the desk writes of each kind without its marker: refund marks, and when an exam opens.
WITHOUT_MARKER: Mapping[Kind, frozenset[str]] = {
    Kind.CONTACT: frozenset(),
    Kind.BOOKING: frozenset({"token_refunded", "token_refunded_at", "token_refund_admin"}),
    Kind.EXAM: frozenset({"is_active", "scheduled_activation_datetime"}),
}
#: How many digits a time in milliseconds has, of the years 2001 to 2286.
MS_DIGITS = 13


def explain(evidence: Evidence, first: Sequence[str] = ()) -> Drift | None:
    """The drift with its cause; None when there is none, or a copy is due.

    ``first``: columns to name before others, the credits.
    """
    columns = differing_columns(evidence, first)
    stated, held = evidence.truth, evidence.mirror
    both = stated is not None and held is not None
    if (both and not columns) or (held is None and not _there(evidence)):
        return None
    if stated is not None and evidence.history is not None:
        evidence = replace(evidence, history=_as_read(evidence.history, stated))
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


def _as_read(history: History, stated: Stated) -> History:
    """The history as it was when the truth was read, for it is asked for after it.

    Whoever writes in between explains nothing of what was compared: often that is the desk, and
    somebody else's change would be called its own. A version with the value that was read is
    kept whatever its time: HubSpot may stamp a record and its properties some milliseconds apart.
    """
    read_at = source_time(stated.row)

    def came_after(name: str, version: Version) -> bool:
        late = read_at is not None and version.at > read_at
        return late and _plain(version.value) != _plain(stated.row[name])

    return {
        name: tuple(dropwhile(partial(came_after, name), versions))
        if name in stated.row
        else versions
        for name, versions in history.items()
    }


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
        told += f"; {evidence.failed}" if evidence.failed else ""
        return Cause.CONTACT_MERGED, told, source_time(stated.row) or at
    if evidence.failed:
        return Cause.COPY_FAILED, evidence.failed, evidence.failed_since or at
    if stated.unreadable:
        each = (f"{name}: {why}{_shown(held, name)}" for name, why in stated.unreadable.items())
        told = "; ".join(each)
        newest = _newest(evidence.history, tuple(stated.unreadable))
        since = newest.at if newest else source_time(stated.row) or at
        return Cause.UNREADABLE_VALUE, told, since
    if held is None:
        since = source_time(stated.row) or at
        if evidence.made_by_merge:
            return Cause.CONTACT_MERGED, "made by a merge; Supabase holds the old ones", since
        return Cause.MISSING_ROW, "Supabase has no row of it", since
    return _changed(evidence, stated.row, held, columns)


def _shown(held: Row | None, name: str) -> str:
    """What students see where HubSpot says nothing that can be read: the last, or a default."""
    if held is None or name not in held:
        return ""
    value = held[name]
    return f", and Supabase shows {'nothing' if value in (None, '') else value}"


def _without_truth(evidence: Evidence) -> _Found:
    held = evidence.mirror or {}
    since = moment(held.get("synced_at")) or source_time(held) or evidence.read_at
    if evidence.archived:
        return Cause.CONTACT_GONE, "archived in HubSpot", since
    return Cause.ORPHAN_ROW, "HubSpot has no such record, nor had it in its recycling bin", since


def _changed(evidence: Evidence, truth: Row, held: Row, columns: Sequence[str]) -> _Found:
    """Which side moved since the copy was made."""
    if evidence.contact_merged and set(columns) == {CONTACT_OF}:
        told = f"its contact {held.get(CONTACT_OF)} was merged into {truth.get(CONTACT_OF)}"
        return Cause.CONTACT_MERGED, told, evidence.read_at
    copied, modified = source_time(held), source_time(truth)
    edited, synced = moment(held.get("updated_at")), moment(held.get("synced_at"))
    newest = _newest(evidence.history, columns)
    moved = newest is not None and (copied is None or newest.at > copied)
    if newest is not None and moved:
        if copied is None and _holds_one_before(evidence.history, columns, held):
            told = "its row has no time of this desk, and "
            return Cause.OLDER_COPY, told + _older(newest, ""), newest.at
        return _by(newest, evidence, columns)
    if ahead(truth, held):
        told = (
            f"its row claims the version of {copied and copied.isoformat()}, HubSpot has that of "
            f"{modified and modified.isoformat()}: no copy overwrites a newer version, a repair "
            "does"
        )
        return Cause.CHANGED_IN_MIRROR, told, edited or evidence.read_at
    if edited and (synced is None or edited > synced + ONE_STATEMENT):
        if newest is not None and _holds_one_before(evidence.history, columns, held):
            return Cause.OLDER_COPY, _older(newest, f"at {edited.isoformat()}"), edited
        return Cause.CHANGED_IN_MIRROR, f"its row was edited at {edited.isoformat()}", edited
    if modified and copied and modified > copied:
        told = f"HubSpot's version is of {modified.isoformat()}; its history tells no more"
        return Cause.CHANGED_IN_HUBSPOT, told, modified
    if newest is not None and _holds_one_before(evidence.history, columns, held):
        read = "; a copy of just then had read the value before"
        return _by(newest, evidence, columns, read)
    if evidence.kind is Kind.BOOKING and TAKEN.issuperset(columns):
        told = "its contact or exam was changed, of which HubSpot keeps no history here"
        return Cause.CHANGED_IN_HUBSPOT, told, evidence.read_at
    told = "both sides say the same version, and neither shows a change"
    return Cause.UNEXPLAINED, told, edited or evidence.read_at


def _older(newest: Version, when: str) -> str:
    """What another app did that copies HubSpot by itself: it read before the newest change."""
    wrote = " ".join(filter(None, ("another app wrote an older copy over it", when)))
    return f"{wrote}: HubSpot's values of before {newest.at.isoformat()}"


def _by(newest: Version, evidence: Evidence, columns: Sequence[str], more: str = "") -> _Found:
    """Whose change it is that the mirror lacks."""
    told = _told(newest)
    if _by_us(newest, evidence, columns):
        return Cause.OLDER_COPY, f"written by the desk, {told}; the copy is older{more}", newest.at
    return Cause.CHANGED_IN_HUBSPOT, told + more, newest.at


def _holds_one_before(history: History | None, columns: Sequence[str], held: Row) -> bool:
    """Whether each differing column of the mirror is an older version of HubSpot's.

    The desk copies what it read before its write, under the time of the write: what somebody else
    changed between the two is older in the mirror than the row's own time says.
    """
    before = {
        name: [*(version.value for version in (history or {}).get(name, ())[1:]), ""]
        for name in columns  # before its first version it was empty
    }
    return all(_plain(held.get(name)) in map(_plain, older) for name, older in before.items())


def _plain(value: object) -> str:
    """A value as HubSpot or the mirror may write it: "3", "3.0", 3; "true", True; a time.

    Nothing, "false" and no credit are the same.
    """
    text = str(value if value is not None else "").removesuffix(".0").casefold()
    if text in {"", "false"}:
        return "0"
    at = _in_milliseconds(text) or (moment(value) if "t" in text and text[:1].isdecimal() else None)
    return text if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")


def _in_milliseconds(text: str) -> datetime | None:
    """A time as HubSpot writes it into its history; None for a number that is none."""
    if not text.isdecimal() or len(text) != MS_DIGITS:
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _by_us(version: Version, evidence: Evidence, columns: Sequence[str]) -> bool:
    """Our marker comes with every write of a balance, a seat count or a cancel of ours.

    The source alone proves nothing, for another app may use the same token. It is asked only of
    what the desk writes without a marker.
    """
    marks = (evidence.history or {}).get(MARKER, ())
    if any(same_update(version, mark) for mark in marks):
        return True
    return version.source_id in evidence.ours and WITHOUT_MARKER[evidence.kind] >= set(columns)


def _newest(history: History | None, columns: Sequence[str]) -> Version | None:
    versions = [v for name in columns for v in (history or {}).get(name, ())[:1]]
    return max(versions, key=lambda version: version.at, default=None)


def _told(version: Version) -> str:
    who = source_words(version)
    return f"changed by {who} at {version.at.isoformat()}"
