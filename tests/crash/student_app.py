"""The school's student app, as it writes beside the desk: ``python -m tests.crash.student_app``.

Reads one JSON object on its input: where HubSpot is, and what each student does when. A student
who cancels gets the credit back and has the booking Cancelled, without a mark; one who spends takes
a credit. Each reads, thinks, and writes an absolute balance without a marker: the app knows nothing
of the desk (it has a HubSpot app of its own, or shares the desk's). Waits for ``go``, then prints
what each student meant and did, as one JSON list.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.crash.hubspot import HubSpot

BASE = "/crm/objects/2026-09"
CONTACTS = "0-1"
#: Threads that a server of such an app has.
AT_ONCE = 250


class StudentApp:
    """One process of it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.hubspot = HubSpot(
            {"HUBSPOT_BASE_URL": told["base_url"], "HUBSPOT_TOKEN": told["token"]}
        )
        self.bookings = told["bookings_type"]
        self.visits = told["visits"]
        self.began = 0.0

    def run(self) -> list[dict[str, Any]]:
        self.began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._visit, self.visits))

    def _visit(self, visit: Mapping[str, Any]) -> dict[str, Any]:
        """Comes at their time, and tells what came of it."""
        self._until(visit["at_s"])
        did = self._cancel(visit) if visit["act"] == "cancel" else self._spend(visit)
        return {**visit, **did}

    def _cancel(self, visit: Mapping[str, Any]) -> dict[str, Any]:
        held = self._balance(visit)
        if self._get(self.bookings, visit["booking"], "is_active") != "Active":
            return {"did": False, "read": held}  # the app shows it as cancelled: nothing to click
        self._think(visit)
        self._put(CONTACTS, visit["contact"], {visit["credit"]: str(held + 1)})
        self._put(self.bookings, visit["booking"], {"is_active": "Cancelled"})
        return {"did": True, "read": held, "wrote": held + 1}

    def _spend(self, visit: Mapping[str, Any]) -> dict[str, Any]:
        held = self._balance(visit)
        if held < 1:
            return {"did": False, "read": held}
        self._think(visit)
        self._put(CONTACTS, visit["contact"], {visit["credit"]: str(held - 1)})
        return {"did": True, "read": held, "wrote": held - 1}

    def _balance(self, visit: Mapping[str, Any]) -> int:
        return int(float(self._get(CONTACTS, visit["contact"], visit["credit"]) or 0))

    def _think(self, visit: Mapping[str, Any]) -> None:
        time.sleep(visit["think_s"])

    def _until(self, at_s: float) -> None:
        time.sleep(max(0.0, self.began + at_s - time.monotonic()))

    def _get(self, type_: str, id_: str, name: str) -> str | None:
        answer = self.hubspot.get(f"{BASE}/{type_}/{id_}", params={"properties": name})
        answer.raise_for_status()
        value: str | None = answer.json()["properties"].get(name)
        return value

    def _put(self, type_: str, id_: str, properties: Mapping[str, str]) -> None:
        path = f"{BASE}/{type_}/{id_}"
        self.hubspot.patch(path, json={"properties": properties}).raise_for_status()


def main() -> None:
    app = StudentApp(json.loads(sys.stdin.readline()))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(app.run()) + "\n")


if __name__ == "__main__":
    main()
