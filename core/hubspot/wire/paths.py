"""Where each call goes, in both of HubSpot's path styles."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Paths:
    """``version`` is "v3" (and v4 for associations) or a date version such as "2026-09"."""

    version: str

    @property
    def _dated(self) -> bool:
        return self.version != "v3"

    def objects(self, type_: str, *rest: str) -> str:
        """One object type, or a batch, search or single object of it."""
        base = f"/crm/objects/{self.version}" if self._dated else "/crm/v3/objects"
        return "/".join((base, type_, *rest))

    def associations(self, from_type: str, to_type: str, *rest: str) -> str:
        """Associations between two object types."""
        base = f"/crm/associations/{self.version}" if self._dated else "/crm/v4/associations"
        return "/".join((base, from_type, to_type, *rest))

    def properties(self, type_: str, *rest: str) -> str:
        """Property definitions of one object type."""
        base = f"/crm/properties/{self.version}" if self._dated else "/crm/v3/properties"
        return "/".join((base, type_, *rest))

    def single_send(self) -> str:
        """The transactional single-send API."""
        if self._dated:
            return f"/marketing/transactional/{self.version}/single-email/send"
        return "/marketing/v3/transactional/single-email/send"

    def send_status(self, status_id: str) -> str:
        """What became of an e-mail that was asked for; HubSpot has this path in one style alone."""
        return f"/marketing/v3/email/send-statuses/{quote(status_id, safe='')}"

    def token_info(self) -> str:
        """What HubSpot says of a token; this path has no version of ours."""
        return "/oauth/v2/private-apps/get/access-token-info"

    def account(self) -> str:
        """What HubSpot says of the account."""
        return f"/account-info/{self.version}/details"

    def owners(self) -> str:
        """The people of the account."""
        return f"/crm/owners/{self.version}" if self._dated else "/crm/v3/owners"

    def schemas(self) -> str:
        """Custom object types."""
        return f"/crm-object-schemas/{self.version}/schemas"
