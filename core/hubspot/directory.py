"""The account's own data: its id, its screens, and its people (HubSpot calls them owners)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.credits.errors import OutcomeUnknown
from core.hubspot.hub import Hub
from core.hubspot.ports.directory import Account
from core.hubspot.transport import Call
from core.hubspot.wire.records import Json
from core.hubspot.wire.values import text

#: HubSpot gives at most so many owners in one answer.
PAGE = "500"
#: Pages read: nobody has more people, and a cursor that never ends must not keep us.
PAGES_MAX = 20


@dataclass(frozen=True, slots=True)
class HubSpotDirectory:
    """See ``Directory``."""

    hub: Hub

    def account(self) -> Account:
        """See ``Directory.account``."""
        told = self.hub.read(Call(what="account", path=self.hub.paths.account(), method="GET"))
        portal, domain = text(told.get("portalId")), text(told.get("uiDomain"))
        if not portal:
            raise OutcomeUnknown("HubSpot's answer names no account")
        return Account(portal_id=portal, ui_domain=domain, types=self.hub.types.all())

    def people(self) -> Mapping[str, str]:
        """See ``Directory.people``. Who left is asked for too: their changes are still there."""
        return self._owners(archived="true") | self._owners(archived="false")

    def _owners(self, *, archived: str) -> dict[str, str]:
        found: dict[str, str] = {}
        after = ""
        for _ in range(PAGES_MAX):
            query = {"limit": PAGE, "archived": archived} | ({"after": after} if after else {})
            path = self.hub.paths.owners()
            told = self.hub.read(Call(what="owners", path=path, method="GET", query=query))
            for one in told.get("results") or ():
                found |= _named(one)
            after = text(((told.get("paging") or {}).get("next") or {}).get("after"))
            if not after:
                break
        return found


def _named(owner: Json) -> dict[str, str]:
    """Under the user id; an archived owner has it only among the inactive ones."""
    user = text(owner.get("userId")) or text(owner.get("userIdIncludingInactive"))
    full = f"{text(owner.get('firstName'))} {text(owner.get('lastName'))}".strip()
    name = full or text(owner.get("email"))
    return {user: name} if user and name else {}
