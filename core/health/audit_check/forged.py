"""Forged entries: what the audit's entries say against each other and against the store. Pure.

Whoever can write the database can append an entry that the chain holds, for its hash is no secret.
So each entry must also fit its story: time goes on, a person has signed in and was given the role
that they act by, a key was made, and every balance that the store says was written has its entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.access.api_key_rules import ApiKey, is_client, key_in
from core.access.sign_ins import LASTS
from core.audit.chain import FIELDS, Link, loaded, time_of
from core.audit.entries import What
from core.credits.roles import Grant, Role

#: Processes that save at once do not save in the order of their clocks, and look at HubSpot between
#: the time that they note and the saving.
ASTRAY = timedelta(hours=1)
#: The setting that names the first admins.
ADMINS = "CREDIT_DESK_ADMINS"
PAGE, API = "page", "API"
#: What is told of somebody who was let in nowhere.
_OUTSIDE = frozenset({What.SIGNED_IN, What.SIGNED_OUT, What.REFUSED})
#: Faults of one kind that are told; then how many more there are.
EACH_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A write that the store holds as landed."""

    seq: int
    id: str
    #: How many movements of it the store holds.
    movements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the store says, read before the entries that must explain it."""

    grants: Sequence[Grant] = ()
    keys: Sequence[ApiKey] = ()
    landed: Mapping[str, int] = field(default_factory=dict)


_AT, _ACTOR, _ROLE, _WHAT, _ID, _AFTER, _DETAIL = map(
    FIELDS.index, ("at", "actor", "role", "what", "subject_id", "after", "detail")
)


class _Line:
    """An entry as far as its story asks: most of what it holds is never read."""

    __slots__ = ("_texts", "actor", "at", "role", "what")

    def __init__(self, link: Link) -> None:
        texts = self._texts = link.texts
        self.at = time_of(texts[_AT])
        self.actor = texts[_ACTOR] or ""
        self.role = texts[_ROLE] or ""
        self.what = texts[_WHAT] or ""

    @property
    def subject_id(self) -> str:
        return self._texts[_ID] or ""

    @property
    def after(self) -> Mapping[str, object]:
        return loaded(self._texts[_AFTER])

    @property
    def detail(self) -> Mapping[str, object]:
        return loaded(self._texts[_DETAIL])

    @property
    def channel(self) -> object:
        """Of a person or app; only where there may be one is the text read."""
        return self.detail.get("channel") if '"channel"' in (self._texts[_DETAIL] or "") else None


@dataclass(slots=True)
class Story:
    """Goes along the entries from the first one on, and notes what does not fit."""

    now: datetime
    #: Admins of the settings, as they are now; what the log tells of them is added.
    admins: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    _told: dict[str, int] = field(default_factory=dict)
    _last: datetime | None = None
    _roles: dict[str, Role | None] = field(default_factory=dict)
    #: Until when each had another role, and which.
    _before: dict[str, tuple[datetime, Role | None]] = field(default_factory=dict)
    _signed_in: dict[str, datetime] = field(default_factory=dict)
    _keys: dict[str, Mapping[str, object]] = field(default_factory=dict)
    _withdrawn: dict[str, datetime] = field(default_factory=dict)
    #: First entry of each who acted by a role that the log has not given, until all is known.
    _claims: dict[tuple[str, str], int] = field(default_factory=dict)
    #: Of each write that an entry tells of: its place, and its movements where they are told.
    _landed: dict[str, tuple[int, int | None]] = field(default_factory=dict)

    def along(self, links: Iterable[Link]) -> None:
        """Go on; ``links`` by their place."""
        for link in links:
            entry = _Line(link)
            self._time(link.n, entry)
            self._learn(link.n, entry)
            if "@" in entry.actor:
                self._person(link.n, entry)
            elif is_client(entry.actor):
                self._app(link.n, entry)

    def end(self, held: Held, landed_since: Collection[str] = ()) -> list[str]:
        """Compare with the store; all that does not fit.

        ``landed_since``: writes that landed after ``held`` was read.
        """
        for (actor, role), n in self._claims.items():
            if role != Role.ADMIN or actor not in self.admins:
                self._fault("role", f"entry {n}: {actor} acts as {role}, which no entry gave them")
        self._of_roles(held.grants)
        self._of_keys(held.keys)
        self._of_writes(held.landed, landed_since)
        return self.faults + [
            f"and {number - EACH_MAX:,} more like these ({kind})"
            for kind, number in self._told.items()
            if number > EACH_MAX
        ]

    def unexplained(self, held: Held) -> set[str]:
        """Writes that an entry calls landed and the store did not: they may have landed since."""
        return self._landed.keys() - held.landed.keys()

    # entry by entry

    def _time(self, n: int, entry: _Line) -> None:
        if entry.at > self.now + ASTRAY:
            self._fault("time", f"entry {n} is of a time to come: {entry.at:%Y-%m-%d %H:%M} UTC")
            return
        if self._last is not None and entry.at < self._last - ASTRAY:
            self._fault(
                "time",
                f"entry {n} is of {entry.at:%Y-%m-%d %H:%M} UTC and stands after one of "
                f"{self._last:%Y-%m-%d %H:%M} UTC: it was put there later",
            )
        self._last = max(entry.at, self._last or entry.at)

    def _learn(self, n: int, entry: _Line) -> None:
        match entry.what:
            case What.ROLE_GIVEN | What.ROLE_WITHDRAWN:
                who, given = entry.subject_id.casefold(), entry.after.get("role")
                self._before[who] = entry.at, self._roles.get(who)
                self._roles[who] = Role(str(given)) if given in {*Role} else None
            case What.SIGNED_IN:
                self._signed_in[entry.actor] = entry.at
            case What.KEY_MADE:
                self._keys[entry.subject_id] = entry.detail
            case What.KEY_WITHDRAWN:
                self._withdrawn[entry.subject_id] = entry.at
            case What.SETTINGS:
                named = str(entry.after.get(ADMINS) or "")
                self.admins |= {each.strip().casefold() for each in named.split(",")}
            case What.WRITTEN:
                detail = entry.detail
                self._landed[str(detail.get("write"))] = n, _movements(detail)

    def _person(self, n: int, entry: _Line) -> None:
        actor = entry.actor
        if entry.role in {*Role} and self._roles.get(actor) != entry.role:
            until, before = self._before.get(actor, (None, None))
            if until is None or before != entry.role or entry.at > until + ASTRAY:
                self._claims.setdefault((actor, entry.role), n)
        if entry.channel == PAGE and entry.what not in _OUTSIDE:
            since = self._signed_in.get(actor)
            if since is None or entry.at > since + LASTS + ASTRAY:
                self._fault("sign-in", f"entry {n}: {actor} acts on a page without a sign-in")

    def _app(self, n: int, entry: _Line) -> None:
        id_ = key_in(entry.actor)
        withdrawn = self._withdrawn.get(id_)
        if id_ not in self._keys:
            self._fault("key", f"entry {n} is by the API key {id_}, which no entry made")
        elif entry.channel == API and withdrawn and entry.at > withdrawn + ASTRAY:
            self._fault("key", f"entry {n} is by the API key {id_}, which was withdrawn before")

    # against the store

    def _of_roles(self, grants: Sequence[Grant]) -> None:
        there = {grant.email: grant.role for grant in grants}
        logged = {email: role for email, role in self._roles.items() if role is not None}
        for email in sorted(there.keys() | logged.keys()):
            has, told = there.get(email), logged.get(email)
            if has != told:
                self._fault(
                    "role",
                    f"{email} has the role {has or 'none'}, and by the entries {told or 'none'}: "
                    "give or withdraw it again, so that an entry tells why",
                )

    def _of_keys(self, keys: Sequence[ApiKey]) -> None:
        there = {key.id: key for key in keys}
        for id_ in sorted(there.keys() | self._keys.keys()):
            key, told = there.get(id_), self._keys.get(id_)
            if key is None:
                self._fault("key", f"the API key {id_} is gone from the store: withdrawals stay")
            elif told is None:
                self._fault("key", f"no entry made the API key {id_}: withdraw it")
            elif (key.withdrawn_at is None) != (id_ not in self._withdrawn):
                is_, was = "holds", "was withdrawn"
                if key.withdrawn_at is not None:
                    is_, was = "is withdrawn", "holds"
                self._fault("key", f"the API key {id_} {is_}, and by the entries it {was}")
            elif any(key.terms.get(name) != told.get(name) for name in _compared(told)):
                self._fault("key", f"the API key {id_} may something else than it was made for")

    def _of_writes(self, landed: Mapping[str, int], since: Collection[str]) -> None:
        for id_ in sorted(landed.keys() - self._landed.keys()):
            self._fault("write", f"the store has the write {id_} as landed, and no entry has")
        for id_ in sorted(self._landed.keys() - landed.keys() - set(since)):
            n, _ = self._landed[id_]
            self._fault("write", f"entry {n} tells that the write {id_} landed; the store does not")
        for id_ in sorted(landed.keys() & self._landed.keys()):
            n, told = self._landed[id_]
            if told is not None and told != landed[id_]:
                self._fault(
                    "movement",
                    f"entry {n} tells of {told} movements of the write {id_}; the store has "
                    f"{landed[id_]}",
                )

    def _fault(self, kind: str, told: str) -> None:
        self._told[kind] = number = self._told.get(kind, 0) + 1
        if number <= EACH_MAX:
            self.faults.append(told)


def _movements(detail: Mapping[str, object]) -> int | None:
    bookings = detail.get("bookings")
    return sum(map(len, bookings.values())) if isinstance(bookings, dict) else None


def _compared(told: Mapping[str, object]) -> Collection[str]:
    """What an entry told of a key; before keys had an end it told two things."""
    if "ends" in told:
        return {"client", "scopes", "ends", "networks", "writes_a_day", "needs_student"}
    return {"client", "scopes"}
