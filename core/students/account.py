"""The HubSpot account around the students: where a record is seen, and who changed it, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.records import Kind
from core.hubspot.ports.directory import Account, Directory
from core.work.kept import Kept

#: A page waits for so long at most, once; what comes later is on the next drawing.
WAIT_S = 0.5
#: How long the names of people hold, and how soon a failure is tried again.
PEOPLE_HOLD = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
#: How our texts name people and apps of HubSpot: see ``core.operations.foreign.words``.
USER = re.compile(r"\buser(?:Id:| )(\d+)")
APP = re.compile(r"\ban app \((\d+)(?=\))|\bapp (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenNames:
    """Names that the settings give, by id: they go before HubSpot's."""

    users: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)


NO_NAMES = GivenNames()


@dataclass(slots=True)
class AccountDirectory:
    """Never raises, never waits for long: what is not known is shown by its id."""

    directory: Directory | None
    given: GivenNames
    #: Of the tables in Supabase's own editor; "": it is not known.
    editor_url: str
    now: Callable[[], datetime]
    _account: Kept[Account | None] = field(init=False)
    _people: Kept[Mapping[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is asked before somebody looks."""
        nobody: Mapping[str, str] = {}
        asked = self.directory
        self._account = Kept(
            what="the HubSpot account",
            ask=lambda: asked.account() if asked else None,
            empty=None,
            now=self.now,
            holds=None,
            again=AGAIN,
        )
        self._people = Kept(
            what="the people of HubSpot",
            ask=lambda: asked.people() if asked else nobody,
            empty=nobody,
            now=self.now,
            holds=PEOPLE_HOLD,
            again=AGAIN,
        )

    def record_url(self, kind: Kind, id_: str) -> str:
        """The page of this record in HubSpot; "" while it is not known."""
        account = self._account.get(WAIT_S)
        return account.record_url(kind, id_) if account else ""

    def named(self, text: str) -> str:
        """Our text of who changed something, with names beside the ids: "Ann Lee, user 7"."""
        if USER.search(text) is None and APP.search(text) is None:
            return text
        return APP.sub(self._app, USER.sub(self._user, text))

    def _user(self, found: re.Match[str]) -> str:
        name = self.given.users.get(found[1]) or self._people.get(WAIT_S).get(found[1])
        return f"{name}, user {found[1]}" if name else found[0]

    def _app(self, found: re.Match[str]) -> str:
        name = self.given.apps.get(found[1] or found[2])
        if not name:
            return found[0]
        return f"an app ({name}, {found[1]}" if found[1] else f"{name}, app {found[2]}"
