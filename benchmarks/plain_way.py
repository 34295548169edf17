"""The plain way of a bulk refund, as a script does it: what the desk is measured against.

Each booking by itself and one after another: read it, cancel it, read its student's balance, add
one, write it, mark the booking, copy the row to Supabase. There is no plan, no batch, no journal,
no lease, no marker; what HubSpot refuses for its limit is sent again. ``benchmarks.peers`` runs it:

    python -m benchmarks.plain_way < told.json

It prints how many answers of HubSpot it took.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import httpx

from core.credits.catalogue import SCHOOL
from tests.crash.desk import BOOKINGS
from tests.crash.hubspot import HubSpot

BASE, CONTACTS = "/crm/objects/2026-09", "0-1"
CREDITS = {credit.token: credit.key for credit in SCHOOL.credits}


class PlainWay:
    """One process of it."""

    def __init__(self, told: Mapping[str, str]) -> None:
        """``told``: the settings of a local stack."""
        self.hubspot = HubSpot(told)
        self.calls = 0
        key = told["SUPABASE_SERVICE_ROLE_KEY"]
        self.supabase = httpx.Client(
            base_url=f"{told['SUPABASE_URL']}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=60,
        )

    def refund(self, booking: str) -> None:
        """Cancel one, give its credit back, mark it, copy its student."""
        path = f"{BASE}/{BOOKINGS}/{booking}"
        asked = {"properties": "is_active,token_used", "associations": CONTACTS}
        read = self._answer(self.hubspot.get(path, params=asked))
        if read["properties"]["is_active"] == "Cancelled":
            return
        self._answer(self.hubspot.patch(path, json={"properties": {"is_active": "Cancelled"}}))
        (contact,) = {tie["id"] for tie in read["associations"]["contacts"]["results"]}
        balances = self._give_back(contact, CREDITS[read["properties"]["token_used"]])
        self._answer(self.hubspot.patch(path, json={"properties": {"token_refunded": "true"}}))
        self._copy(contact, balances)

    def _give_back(self, contact: str, credit: str) -> dict[str, str]:
        path = f"{BASE}/{CONTACTS}/{contact}"
        asked = {"properties": ",".join(["email", "student_id", *SCHOOL.keys])}
        read = self._answer(self.hubspot.get(path, params=asked))["properties"]
        after = {credit: str(int(float(read[credit] or 0)) + 1)}
        self._answer(self.hubspot.patch(path, json={"properties": after}))
        return {**read, **after}

    def _copy(self, contact: str, read: Mapping[str, str]) -> None:
        balances = {key: int(float(read[key] or 0)) for key in SCHOOL.keys}
        row = {"hubspot_id": contact, "email": read["email"], "student_id": read["student_id"]}
        self.supabase.post(
            "/hubspot_contact_credits",
            params={"on_conflict": "hubspot_id"},
            headers={"Prefer": "resolution=merge-duplicates"},
            json=row | balances,
        ).raise_for_status()

    def _answer(self, answer: httpx.Response) -> Any:
        self.calls += 1
        answer.raise_for_status()
        return answer.json()


def main() -> None:
    told = json.load(sys.stdin)
    way = PlainWay(told["stack"])
    for booking in told["bookings"]:
        way.refund(booking)
    print(way.calls)


if __name__ == "__main__":
    main()
