"""The port to the account itself: which it is, where its records are seen, and who its people are.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.credits.records import Kind, is_record_id

#: HubSpot's own screens: "app.hubspot.com", "app-eu1.hubspot.com". Nothing else is linked to.
SCREENS = re.compile(r"app(-[a-z0-9]+)?\.hubspot\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A HubSpot account, as it describes itself."""

    portal_id: str
    #: Where its people sign in: it depends on the region that holds its data.
    ui_domain: str
    #: The object type id of each kind.
    types: Mapping[Kind, str]

    def record_url(self, kind: Kind, id_: str) -> str:
        """The page of a record in HubSpot; "" where it cannot be named."""
        known = SCREENS.fullmatch(self.ui_domain) and is_record_id(self.portal_id)
        if not known or not is_record_id(id_):
            return ""
        type_ = self.types[kind]
        return f"https://{self.ui_domain}/contacts/{self.portal_id}/record/{type_}/{id_}"


class Directory(Protocol):
    """What the account tells of itself."""

    def account(self) -> Account:
        """Two calls at most.

        Raises:
            GatewayError: HubSpot did not answer, or not as it should.
        """
        ...

    def people(self) -> Mapping[str, str]:
        """User id to name, of all who ever owned a record here. Needs a scope of its own.

        Raises:
            Forbidden: the token may not read them. GatewayError: HubSpot did not answer.
        """
        ...
