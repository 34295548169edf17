"""Changes by others that met ours, told from HubSpot's property history.

HubSpot sets absolute values, so whoever counts from an older value writes over what came between.
The loss of one write is what stood when it landed, less the value it counted from. We know what
we counted from. Of others it is concluded from the step they made: an app takes one credit, or
gives one or more. Where several values would explain a step, a person decides.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.credits.catalogue import CreditType
from core.credits.records import MARKER, History, Kind, Version, WriteId
from core.credits.writes import MovementKind, Write

#: HubSpot stamps properties of one update alike; clocks of its shards may differ by a little.
SAME_UPDATE = timedelta(milliseconds=50)
#: How long an app, or a person, may think between reading a balance and writing it.
THINKING = timedelta(seconds=60)
#: Sources of an app's writes, as HubSpot names them. Everybody else may set any value on purpose.
APPS = frozenset({"INTEGRATION", "API"})
MERGED = "MERGE_OBJECTS"


class Conflict(StrEnum):
    """How somebody else's write and ours met."""

    #: Theirs fell between our read and our write; ours wrote over it.
    WRITTEN_OVER = "we wrote over it"
    #: Theirs counted from a value of before ours, and wrote over ours.
    LOST = "it wrote over ours"
    #: A request of ours arrived again, after others had changed the balance.
    TWICE = "ours arrived again"
    #: The values allow more than one explanation. A person decides.
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignWrite:
    """One change of a counter by somebody else that met a write of ours."""

    write_id: WriteId
    kind: Kind
    target_id: str
    credit: CreditType
    conflict: Conflict = Conflict.WRITTEN_OVER
    #: The value that the losing side counted from: ours, or theirs, as ``conflict`` says.
    read: int
    #: What they set.
    theirs: int
    #: What we set over it; of a later change, what stood when they set theirs.
    ours: int
    at: datetime
    source: str
    source_id: str
    user_id: str
    #: Of an unclear one: each explanation with what it would be worth, as people read it.
    evidence: str = ""
    #: What a person has decided that an unclear one is worth; None: nobody has yet.
    decided: int | None = None

    @property
    def undecided(self) -> bool:
        """Whether it waits for a person's word."""
        return self.conflict is Conflict.UNCLEAR and self.decided is None

    @property
    def correction(self) -> int:
        """What must be added to the balance to give both changes their due; 0 when unclear."""
        match self.conflict:
            case Conflict.WRITTEN_OVER:
                return self.theirs - self.read
            case Conflict.LOST | Conflict.TWICE:
                return self.ours - self.read
            case Conflict.UNCLEAR:
                return self.decided or 0

    @property
    def counter(self) -> tuple[Kind, str, CreditType]:
        """The one number that it is about."""
        return self.kind, self.target_id, self.credit


def marked_by(foreign: ForeignWrite, history: History) -> str:
    """The marker that came with this foreign write; empty: it came from somebody who sets none."""
    return next(
        (
            version.value
            for version in history.get(MARKER, ())
            if abs(version.at - foreign.at) <= SAME_UPDATE and version.value != foreign.write_id
        ),
        "",
    )


class Unverifiable(ValueError):
    """The history does not show our write's versions, so nothing can be said of foreign ones."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal knows of our writes of one record, beside the one that is verified."""

    landed: Mapping[str, Write]
    #: Those that were held never to have arrived.
    void: Collection[str] = ()


NOTHING = Known({})


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value of the counter and who set it. ``ours``: a write that counts from what it read."""

    at: datetime
    value: int
    #: None: it stood before the history begins, or HubSpot kept no version of ours.
    version: Version | None
    ours: Write | None = None
    #: A request of ours that should not have arrived any more.
    again: bool = False


def find_foreign_writes(
    write: Write,
    history: History,
    count: Callable[[str], int | None],
    known: Known = NOTHING,
) -> tuple[ForeignWrite, ...]:
    """Compare a landed write with what stood before it, and with what was set after it.

    Of later changes only those up to our next write of the counter: the others are found when
    that one is verified. ``history`` is newest first; ``count`` reads a raw value, None if it
    cannot be read.

    Raises:
        Unverifiable: our own version is not in the history of the marker or of a counter.
    """
    markers = tuple(reversed(history.get(MARKER, ())))
    if not any(version.value == write.id for version in markers):
        raise Unverifiable(f"the history of {write.target_id} does not show write {write.id}")
    found: list[ForeignWrite] = []
    for credit in write.sets:
        line = _Timeline.of(write, credit, history, markers, count, known)
        found += line.conflicts()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Timeline:
    """The values of one counter, oldest first, and the place of our write in it."""

    write: Write
    credit: CreditType
    entries: Sequence[_Entry]
    place: int
    #: Versions of other counters: an app that sets several at once may repeat an old value.
    others: Sequence[Version]
    #: Markers that are not ours: another desk moves several credits in one write.
    desks: Sequence[Version]

    @classmethod
    def of(
        cls,
        write: Write,
        credit: CreditType,
        history: History,
        markers: Sequence[Version],
        count: Callable[[str], int | None],
        known: Known,
    ) -> _Timeline:
        ours = {**known.landed, write.id: write}
        count = _reading(count, credit, ours.values())
        again = [*_repeated(markers, ours), *(m for m in markers if m.value in known.void)]
        entries = _entries(write, credit, history, markers, count, ours, again)
        place = next((n for n, e in enumerate(entries) if e.ours is write), None)
        if place is None:
            at = next(m.at for m in markers if m.value == write.id)
            raise Unverifiable(
                f"the history shows no version {write.after[credit]} at {at.isoformat()}"
            )
        return cls(
            write,
            credit,
            entries,
            place,
            others=[v for key in history.keys() - {credit, MARKER} for v in history[key]],
            desks=[m for m in markers if m.value not in ours and m.value not in known.void],
        )

    def conflicts(self) -> Iterator[ForeignWrite]:
        """What ours wrote over, then what wrote over ours."""
        before = self.entries[self.place - 1]
        read = self.write.before[self.credit]
        if before.version is not None and not self._is_as_read(before.version, before.value):
            yield self._written_over(before.version, before.value, read)
        for n in range(self.place + 1, len(self.entries)):
            entry = self.entries[n]
            if entry.ours is not None:
                return
            if (found := self._later(n, entry)) is not None:
                yield found
            if entry.version is not None and entry.version.source == MERGED:
                return  # the histories of two records: what follows is not of ours alone

    def _is_as_read(self, version: Version, value: int) -> bool:
        """Whether ours counted from this value. A text that it mends counts as a number that others
        may set as well: what they set was no text.
        """
        text = self.write.mends.get(self.credit)
        if text is not None:
            return version.value == text
        return value == self.write.before[self.credit]

    def _written_over(self, version: Version, theirs: int, read: int) -> ForeignWrite:
        """A credit that we wrote over may have been for the booking that we refunded."""
        ours = self.write.after[self.credit]
        if text := self.write.mends.get(self.credit):
            told = (
                f"{theirs} was set in place of {text!r} just before we set {ours}: if {ours} is "
                f"what it shall be, 0 is due, else {theirs - ours}"
            )
            return self._unclear(version, theirs, ours, told)
        if refunds := self._refunds(theirs - read):
            told = (
                f"{read} → {theirs} just before our refund of booking {refunds}, which wrote over "
                f"it: if it was a refund of the same booking, 0 is due, else {theirs - read}"
            )
            return self._unclear(version, theirs, ours, told)
        return self._told(version, Conflict.WRITTEN_OVER, read=read, theirs=theirs, ours=ours)

    def _refunds(self, step: int) -> str:
        """The bookings refunded by our write, if a step by others may be a refund of one."""
        refunds = (
            movement.booking_id
            for movement in self.write.movements
            if movement.kind is MovementKind.REFUND and movement.credit == self.credit
        )
        return ", ".join(refunds) if step > 0 else ""

    def _later(self, n: int, entry: _Entry) -> ForeignWrite | None:
        stood = self.entries[n - 1].value
        if entry.version is None or entry.value == stood:
            return None
        if entry.again:
            return self._told(
                entry.version, Conflict.TWICE, read=entry.value, theirs=entry.value, ours=stood
            )
        if entry.version.source == MERGED:
            told = "the record was merged, and the balance of one of the two went with it"
            return self._unclear(entry.version, entry.value, stood, told)
        old, new = self._counted_from(n, entry)
        fits_old = {value for value in old if self._fits(entry, value)}
        fits_new = {value for value in (*new, stood) if self._fits(entry, value)}
        if not fits_old - {stood}:
            if fits_new or not old - {stood}:
                # it starts from ours, or from what others made of it since
                return self._second_refund(entry, stood)
            fits_old = old - {stood}
        elif len(fits_old) == 1 and not fits_new:
            (read,) = fits_old
            return self._told(
                entry.version, Conflict.LOST, read=read, theirs=entry.value, ours=stood
            )
        told = _explained(entry.value, stood, sorted({stood} | fits_old | fits_new))
        return self._unclear(entry.version, entry.value, stood, told)

    def _second_refund(self, entry: _Entry, stood: int) -> ForeignWrite | None:
        """A credit that others give soon after our refund may be for the same booking.

        An app that had begun to cancel it before we did leaves no other trace in HubSpot.
        """
        assert entry.version is not None
        refunds = self._refunds(entry.value - stood)
        if not refunds or entry.at - self.write.sent_at > THINKING:
            return None
        told = (
            f"{stood} → {entry.value} soon after our refund of booking {refunds}: if it is a "
            f"second refund of the same booking, {stood - entry.value} is due, else 0"
        )
        return self._unclear(entry.version, entry.value, stood, told)

    def _counted_from(self, n: int, entry: _Entry) -> tuple[set[int], set[int]]:
        """Values that the writer may have read: of before ours, and of since.

        Who thinks for longer than ``THINKING`` is suspected only when the step cannot start from
        what stood: then of the value right before ours, and a person decides.
        """
        since = entry.at - THINKING
        old: set[int] = set()
        new: set[int] = set()
        for i in range(n - 1, -1, -1):
            if self.entries[i + 1].at <= since:
                break
            (old if i < self.place else new).add(self.entries[i].value)
        if not old and not any(self._fits(entry, v) for v in (*new, self.entries[n - 1].value)):
            before = self.entries[self.place - 1].value
            if self._fits(entry, before):
                new.add(before)  # too late to be sure
                old.add(before)
        return old, new

    def _fits(self, entry: _Entry, read: int) -> bool:
        """Whether the step from this value is one that this kind of writer makes."""
        step = entry.value - read
        version = entry.version
        assert version is not None
        if step == 0:
            return any(same_update(version, other) for other in self.others)
        by_app = version.source in APPS and not any(same_update(version, m) for m in self.desks)
        return step == -1 or step > 0 or not by_app

    def _unclear(self, version: Version, theirs: int, stood: int, told: str) -> ForeignWrite:
        return self._told(
            version, Conflict.UNCLEAR, read=stood, theirs=theirs, ours=stood, evidence=told
        )

    def _told(
        self,
        version: Version,
        conflict: Conflict,
        *,
        read: int,
        theirs: int,
        ours: int,
        evidence: str = "",
    ) -> ForeignWrite:
        return ForeignWrite(
            write_id=self.write.id,
            kind=self.write.kind,
            target_id=self.write.target_id,
            credit=self.credit,
            conflict=conflict,
            read=read,
            theirs=theirs,
            ours=ours,
            at=version.at,
            source=version.source,
            source_id=version.source_id,
            user_id=version.user_id,
            evidence=evidence,
        )


def _reading(
    count: Callable[[str], int | None], credit: CreditType, ours: Iterable[Write]
) -> Callable[[str], int | None]:
    """As ``count``, but for the texts that we set a balance in place of: they count as we said."""
    stood = {text: w.before[credit] for w in ours if (text := w.mends.get(credit)) is not None}
    return lambda raw: stood.get(raw, count(raw)) if stood else count(raw)


def _entries(
    write: Write,
    credit: CreditType,
    history: History,
    markers: Sequence[Version],
    count: Callable[[str], int | None],
    ours: Mapping[str, Write],
    again: Sequence[Version],
) -> list[_Entry]:
    """What can be read of the counter's versions; before the first one it was empty, which is 0."""
    entries: list[_Entry] = []
    moving = {m.value: m for m in _first(markers, ours) if credit in ours[m.value].sets}
    made_by = _paired(history.get(credit, ()), credit, moving, count, ours)
    for n, version in reversed(list(enumerate(history.get(credit, ())))):
        value = count(version.value)
        if value is None:
            continue
        by = made_by.get(n)
        late = by is None and any(same_update(version, m) for m in again)
        entries.append(_Entry(version.at, value, version, by, again=late))
    # a history that begins with ours may have lost what was before
    first = write.before[credit] if entries and entries[0].ours is write else 0
    entries.insert(0, _Entry(datetime.min.replace(tzinfo=UTC), first, None))
    for marker in moving.values():
        _insert_unseen(entries, marker, ours[marker.value], credit)
    return entries


def _paired(
    versions: Sequence[Version],
    credit: CreditType,
    moving: dict[str, Version],
    count: Callable[[str], int | None],
    ours: Mapping[str, Write],
) -> dict[int, Write]:
    """Which version each of our writes made, by its place; those are taken from ``moving``.

    The newest first: of two versions of one moment that hold the same value, an earlier write of
    ours, of which nothing is known here, made the older.
    """
    found: dict[int, Write] = {}
    for n, version in enumerate(versions):
        value = count(version.value)
        ids = [id_ for id_ in reversed(moving) if same_update(version, moving[id_])]
        made = next((id_ for id_ in ids if ours[id_].after[credit] == value), None)
        if made is not None:
            del moving[made]
            found[n] = ours[made]
    return found


def _insert_unseen(entries: list[_Entry], marker: Version, ours: Write, credit: CreditType) -> None:
    """Of ours HubSpot kept no version, when somebody had just set the very value that we set."""
    place = next((n for n, e in enumerate(entries) if e.at > marker.at), len(entries))
    if entries[place - 1].value == ours.after[credit]:
        entries.insert(place, _Entry(marker.at, ours.after[credit], None, ours))


def _first(markers: Sequence[Version], ours: Mapping[str, Write]) -> Iterator[Version]:
    """The landing of each of our writes."""
    seen: set[str] = set()
    for marker in markers:
        if marker.value in ours and marker.value not in seen:
            seen.add(marker.value)
            yield marker


def _repeated(markers: Sequence[Version], ours: Mapping[str, Write]) -> Iterator[Version]:
    """Requests of ours that arrived when others had written since."""
    landed = list(_first(markers, ours))
    return (m for m in markers if m.value in ours and m not in landed)


def same_update(version: Version, marker: Version) -> bool:
    """Whether one request made both: the same source, in the same moment."""
    return (
        abs(version.at - marker.at) <= SAME_UPDATE
        and version.source == marker.source
        and version.source_id == marker.source_id
    )


def _explained(theirs: int, stood: int, read: Sequence[int]) -> str:
    """What each value that they may have counted from would mean."""
    told = []
    for value in read:
        off = stood - value
        now = f", and the balance is {abs(off)} too {'low' if off > 0 else 'high'}" if off else ""
        told.append(f"counted from {value} it is {theirs - value:+d}{now}")
    return "; ".join(told)
