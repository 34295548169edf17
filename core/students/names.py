"""Students by name where the store keeps their ids: looked up when shown, and never written.

One question for all rows of a table, whatever their number. Nobody waits for a store that is
away: what is not known in time is shown by its id (docs/decisions/0045-names.md).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.access.pacing import WITHIN, Counted, spans
from core.access.rationing import Rationing, TooMany
from core.credits.errors import GatewayError, JournalError, Store
from core.credits.records import BookingId, ContactId, Kind, is_record_id
from core.credits.roles import Act, Actor
from core.hubspot.ports.crm import Crm
from core.mirror.port import Mirror, MirrorRow
from core.mirror.rows import CONTACT_OF
from core.work.clocks import within

log = logging.getLogger(__name__)

#: A page waits for names for so long; what comes later is on the next drawing.
WAIT_S = 1.0
#: A person at a command waits for longer.
PATIENT_S = 6.0
#: A name is shown for so long before it is looked up again; whoever is deleted is gone by then.
HOLDS = timedelta(seconds=30)
#: A store that failed, or did not answer in time, is not asked for names for so long.
QUIET = timedelta(seconds=10)
#: Whom Supabase lacks is asked of HubSpot: so many in one look, one batch.
ABSENT_MAX = 100
#: Looks of this process at the same time; who comes then has the ids.
LOOKS_MAX = 4
#: Names that this process remembers, and people of whom it knows whom they were told.
KNOWN_MAX, PEOPLE_MAX = 20_000, 200
BUSY = "names are being looked up for many others just now"

Record = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Student:
    """Whom a row is about. ``id`` "": nobody, or nobody that is known; ``name`` "": not known."""

    id: str = ""
    name: str = ""

    @property
    def told(self) -> str:
        """The name; the id without one."""
        return self.name or self.id


NOBODY = Student()


@dataclass(frozen=True, slots=True)
class Named:
    """The students of some records."""

    students: Mapping[Record, Student]
    #: Why names are missing; "": whoever has none is in neither store.
    fault: str = ""

    def of(self, kind: Kind, id_: str) -> Student:
        """Of one record."""
        return self.students.get((kind, id_), NOBODY)


@dataclass(slots=True)
class _Look:
    """One question, and which store it is at."""

    records: Sequence[Record]
    store: Store = Store.SUPABASE
    #: Why it left some out though both stores answer.
    fault: str = ""


@dataclass(slots=True)
class StudentNames:
    """Safe for threads."""

    crm: Crm
    mirror: Mirror
    rationing: Rationing
    now: Callable[[], datetime]
    #: How long names are kept in the desk's store; None: for ever.
    keep: timedelta | None = None
    _known: dict[Record, tuple[datetime, Student]] = field(default_factory=dict)
    _quiet: dict[Store, tuple[datetime, str]] = field(default_factory=dict)
    #: Students who were counted as named: to whom, and when.
    _counted: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    _looks: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(LOOKS_MAX)
    )
    _at_hubspot: threading.Lock = field(default_factory=threading.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, at: datetime) -> bool:
        """Whether what happened then may still have names: older students are forgotten."""
        return self.keep is None or self.now() - at < self.keep

    def of(self, ids: Iterable[str], actor: Actor, *, wait_s: float = WAIT_S) -> Named:
        """Of contacts. See ``whose``."""
        return self.whose([(Kind.CONTACT, id_) for id_ in ids], actor, wait_s=wait_s)

    def whose(self, records: Iterable[Record], actor: Actor, *, wait_s: float = WAIT_S) -> Named:
        """The student of each contact and booking. Ids stay where names may not be shown.

        Raises:
            NotAllowed: this person may not look students up.
        """
        actor.require(Act.LOOK_UP)
        asked = {each for each in records if each[0] is not Kind.EXAM and is_record_id(each[1])}
        fault = self._looked_up(sorted(asked - self._fresh(asked).keys()), wait_s)
        known = self._fresh(asked)
        found = {each: known.get(each) or _by_id(each) for each in asked}
        untold, over = self._counted_out({one.id for one in found.values() if one.name}, actor)
        shown = {e: Student(s.id) if s.id in untold else s for e, s in found.items()}
        return Named(shown, over or fault)

    # counting

    def _counted_out(self, ids: set[str], actor: Actor) -> tuple[Collection[str], str]:
        """Whom this person may not be told by name, and why. Who was named already, may be."""
        key = (actor.email, spans(self.now(), WITHIN[Counted.NAMED]))
        new = ids - self._counted.get(key, set())
        if not new:
            return (), ""
        try:
            self.rationing.named([ContactId(id_) for id_ in new], actor.email)
        except (TooMany, JournalError) as error:
            return new, str(error)
        with self._lock:
            if len(self._counted) >= PEOPLE_MAX:
                self._counted.clear()
            self._counted.setdefault(key, set()).update(new)
        return (), ""

    # looking up

    def _fresh(self, records: Collection[Record]) -> dict[Record, Student]:
        now = self.now()
        with self._lock:
            known = {each: self._known[each] for each in records if each in self._known}
        return {each: who for each, (at, who) in known.items() if within(at, now, HOLDS)}

    def _keep(self, found: Mapping[Record, Student]) -> None:
        at = self.now()
        with self._lock:
            if len(self._known) + len(found) > KNOWN_MAX:
                self._known.clear()
            self._known.update({record: (at, student) for record, student in found.items()})

    def _looked_up(self, records: Sequence[Record], wait_s: float) -> str:
        """Why not all of these are known now; "": they are, or they are in neither store."""
        if not records:
            return ""
        if why := self._silent(Store.SUPABASE):
            return why
        if not self._looks.acquire(blocking=False):
            return BUSY
        # a daemon: a store that hangs must not hold up the end of the process
        look = _Look(records)
        thread = threading.Thread(target=self._run, args=(look,), name="names", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread to spare just now
            self._looks.release()
            log.warning("names cannot be looked up: no thread can be started")
            return BUSY
        thread.join(wait_s)
        if thread.is_alive():
            self._hush(look.store, f"{look.store} has not answered for {wait_s:g} s")
        return self._silent(look.store) or look.fault

    def _run(self, look: _Look) -> None:
        try:
            self._look(look)
        except GatewayError as error:
            log.info("names cannot be looked up: %s", error)
            self._hush(look.store, str(error))
        except Exception:
            log.exception("names cannot be looked up")
            self._hush(look.store, "they could not be looked up; the log says why")
        finally:
            self._looks.release()

    def _look(self, look: _Look) -> None:
        """Raises GatewayError, of the store that ``look`` names."""
        bookings = [id_ for kind, id_ in look.records if kind is Kind.BOOKING]
        rows = self.mirror.rows(Kind.BOOKING, bookings) if bookings else {}
        owners = {id_: str(row[CONTACT_OF]) for id_, row in rows.items() if row.get(CONTACT_OF)}
        contacts = {id_ for kind, id_ in look.records if kind is Kind.CONTACT}
        self._name(look, owners, contacts)
        absent = [id_ for id_ in bookings if id_ not in owners][:ABSENT_MAX]
        if not absent:
            return
        with self._hubspot(look) as may:
            linked = self.crm.contacts_of([BookingId(id_) for id_ in absent]) if may else None
        if linked is not None:
            found = {str(id_): ids[0] for id_, ids in linked.items() if len(ids) == 1}
            self._name(look, dict.fromkeys(absent, "") | found, set())

    def _name(self, look: _Look, owners: Mapping[str, str], contacts: Collection[str]) -> None:
        """Keep the names of these contacts, and of the bookings that are theirs."""
        ids = sorted({*contacts, *filter(None, owners.values())})
        names = {id_: _name_in(row) for id_, row in self._rows(ids).items()}
        self._remember(names, owners)
        absent = [id_ for id_ in ids if not names.get(id_)][:ABSENT_MAX]
        if not absent:
            return
        with self._hubspot(look) as may:
            told = self.crm.contacts([ContactId(id_) for id_ in absent]) if may else None
        if told is not None:
            named = {str(id_): one.name for id_, one in told.items() if one and one.name != one.id}
            self._remember(dict.fromkeys(absent, "") | named, owners)

    @contextmanager
    def _hubspot(self, look: _Look) -> Iterator[bool]:
        """Whether HubSpot may be asked, which alone can name whom Supabase lacks.

        By one look at a time: a call may hang for a minute, and the others go on without it.
        """
        look.store = Store.HUBSPOT
        may = not self._silent(Store.HUBSPOT) and self._at_hubspot.acquire(blocking=False)
        if not may:
            look.fault = BUSY
        try:
            yield may
        finally:
            if may:
                self._at_hubspot.release()

    def _rows(self, ids: Sequence[str]) -> Mapping[str, MirrorRow]:
        return self.mirror.rows(Kind.CONTACT, ids) if ids else {}

    def _remember(self, names: Mapping[str, str], owners: Mapping[str, str]) -> None:
        found = {(Kind.CONTACT, id_): Student(id_, name) for id_, name in names.items()}
        for booking, owner in owners.items():
            if not owner or owner in names:
                found[Kind.BOOKING, booking] = Student(owner, names.get(owner, ""))
        self._keep(found)

    # stores that are away

    def _hush(self, store: Store, why: str) -> None:
        self._quiet[store] = (self.now(), why)

    def _silent(self, store: Store) -> str:
        at, why = self._quiet.get(store, (None, ""))
        return why if at is not None and within(at, self.now(), QUIET) else ""


def _by_id(record: Record) -> Student:
    kind, id_ = record
    return Student(id_) if kind is Kind.CONTACT else NOBODY


def _name_in(row: MirrorRow) -> str:
    full = f"{row.get('firstname') or ''} {row.get('lastname') or ''}".strip()
    return full or str(row.get("email") or "")
