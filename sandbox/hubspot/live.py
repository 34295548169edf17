"""The world moves: students book and cancel, staff edit in the HubSpot screen, people merge.

It speaks to the sandbox over HTTP, as an app of its own. Like the real student app it reads a
balance and writes it back changed, so it races with whoever writes the same contact.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from sandbox.hubspot.portal import BOOKINGS, CONTACTS, EXAMS

TOKEN, APP_ID, APP_NAME = "pat-na1-student-app", 30_117_455, "Student app"
API: Final = "/crm/objects/2026-09"
#: how often one kind of act happens beside the others
WEIGHTS: Final[Mapping[str, float]] = {
    "book": 5.0,
    "cancel": 2.0,
    "edit": 2.0,
    "archive": 0.1,
    "merge": 0.1,
}
SPENDS: Final = {
    "Situational Judgment": ("sj_credits", "Situational Judgment Token"),
    "Clinical Skills": ("cs_credits", "Clinical Skills Token"),
    "Mini-mock": ("sjmini_credits", "Mini-mock Token"),
    "Mock Discussion": ("mock_discussion_token", "Mock Discussion Token"),
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What happened: the kind, the object it happened to, and its words."""

    kind: str
    id: str
    text: str


def run_live(
    base_url: str,
    *,
    seed: int = 0,
    per_second: float = 1.0,
    acts_max: int | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    stop: threading.Event | None = None,
    say: Callable[[Act], None] = lambda _: None,
) -> Counter[str]:
    """Move the world until `stop` is set, or `acts_max` acts were tried.

    Acts come at random moments, `per_second` of them on average. Returns how often each kind was
    done; `idle` counts acts that found nothing to do, `refused` those that the sandbox refused.
    Raises httpx.TransportError when the sandbox is gone.
    """
    stop = stop or threading.Event()
    rng = random.Random(seed)
    done: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=base_url, headers=headers, trust_env=False) as client:
        app = {"token": TOKEN, "app_id": APP_ID, "name": APP_NAME, "rate_limit": 190}
        client.put("/_sandbox/apps", json=app).raise_for_status()
        world = World(client, rng)
        while not stop.is_set() and (acts_max is None or done.total() < acts_max):
            (kind,) = rng.choices(list(weights), list(weights.values()))
            act = world.do(kind)
            done[act.kind] += 1
            say(act)
            stop.wait(rng.expovariate(per_second))
    return done


@dataclass(slots=True)
class World:
    """Everything that can happen. Each act picks its object by chance."""

    client: httpx.Client
    rng: random.Random
    _ids: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: By the act in hand.
    _changed: list[str] = field(default_factory=list)

    def do(self, kind: str) -> Act:
        """One act; a refusal is an act too, and tells what was changed before it."""
        self._changed.clear()
        try:
            return {
                "book": self.book,
                "cancel": self.cancel,
                "edit": self.edit,
                "archive": self.archive,
                "merge": self.merge,
            }[kind]()
        except httpx.HTTPStatusError as error:
            told = f"{kind}: {error.response.json()['message']}"
            before = f"; changed before: {', '.join(self._changed)}" if self._changed else ""
            return Act("refused", "", told + before)

    def book(self) -> Act:
        """A student spends a credit on a seat."""
        exam, contact = self._pick(EXAMS), self._pick(CONTACTS)
        if exam is None or contact is None or exam["is_active"] != "true":
            return Act("idle", "", "no open exam")
        credit, token = SPENDS.get(exam["mock_type"] or "", ("", ""))
        balance = _whole(contact.get(credit))
        if balance is None or balance < 1:
            return Act("idle", contact["id"], "no credit to spend")
        self._set(CONTACTS, contact["id"], {credit: str(balance - 1)})
        booking = self._book(exam, contact, token)
        taken = _whole(exam["total_bookings"]) or 0
        self._set(EXAMS, exam["id"], {"total_bookings": str(taken + 1)})
        return Act("book", booking, f"contact {contact['id']} {credit} {balance} -> {balance - 1}")

    def _book(self, exam: Row, contact: Row, token: str) -> str:
        name = f"{exam['mock_type']}-{contact['student_id']}-{self.rng.randrange(10**9)}"
        values = {"booking_id": name, "is_active": "Active", "token_used": token}
        made = self._send("POST", f"{API}/{BOOKINGS}", {"properties": values})
        self._changed.append(made["id"])
        for type_, id_ in ((CONTACTS, contact["id"]), (EXAMS, exam["id"])):
            ends = f"{BOOKINGS}/{made['id']}/associations/default/{type_}/{id_}"
            self._send("PUT", f"{API}/{ends}", None)
        return str(made["id"])

    def cancel(self) -> Act:
        """A student gives a seat up and gets the credit back."""
        booking = self._pick(BOOKINGS)
        if booking is None or booking["is_active"] != "Active":
            return Act("idle", "", "no active booking")
        path = f"{API}/{BOOKINGS}/{booking['id']}/associations/{CONTACTS}"
        ends = self._send("GET", path, None)["results"]
        credits_ = [credit for credit, token in SPENDS.values() if token == booking["token_used"]]
        contact = self._get(CONTACTS, ends[0]["toObjectId"]) if ends else None
        balance = _whole(contact[credits_[0]]) if contact and credits_ else None
        self._set(BOOKINGS, booking["id"], {"is_active": "Cancelled", "token_refunded": "true"})
        if contact is None or balance is None:
            return Act("cancel", booking["id"], "nothing to give back")
        self._set(CONTACTS, contact["id"], {credits_[0]: str(balance + 1)})
        told = f"contact {contact['id']} {credits_[0]} {balance} -> {balance + 1}"
        return Act("cancel", booking["id"], told)

    def edit(self) -> Act:
        """Somebody changes a balance in the HubSpot screen."""
        contact = self._pick(CONTACTS)
        if contact is None:
            return Act("idle", "", "no contact")
        credit = self.rng.choice([credit for credit, _ in SPENDS.values()])
        value = str(self.rng.randrange(6))
        path = f"/_sandbox/objects/{CONTACTS}/{contact['id']}/edit"
        self._send("POST", path, {"properties": {credit: value}})
        return Act("edit", contact["id"], f"{credit} {contact[credit]} -> {value}")

    def archive(self) -> Act:
        """Somebody puts a contact into the recycling bin."""
        contact = self._pick(CONTACTS)
        if contact is None:
            return Act("idle", "", "no contact")
        self._send("POST", f"/_sandbox/objects/{CONTACTS}/{contact['id']}/archive", {})
        return Act("archive", contact["id"], "contact archived")

    def merge(self) -> Act:
        """Somebody merges two contacts."""
        one, two = self._pick(CONTACTS), self._pick(CONTACTS)
        if one is None or two is None or one["id"] == two["id"]:
            return Act("idle", "", "no two contacts")
        body = {"primary": one["id"], "other": two["id"]}
        new = self._send("POST", f"/_sandbox/objects/{CONTACTS}/merge", body)
        return Act("merge", new["id"], f"{one['id']} + {two['id']}")

    def _pick(self, type_: str) -> Row | None:
        """An object by chance: one at or after a random id."""
        low, high = self._ids.get(type_) or self._span(type_)
        after = self.rng.randint(low - 1, high)
        query = {"limit": "1", "after": str(after), "properties": ",".join(PROPERTIES[type_])}
        found = self._send("GET", f"{API}/{type_}?{httpx.QueryParams(query)}", None)["results"]
        return {"id": found[0]["id"], **found[0]["properties"]} if found else None

    def _span(self, type_: str) -> tuple[int, int]:
        """The lowest id, and the highest that search knows."""
        first = self._send("GET", f"{API}/{type_}?limit=1", None)["results"]
        sort = {"propertyName": "hs_object_id", "direction": "DESCENDING"}
        last = self._send("POST", f"{API}/{type_}/search", {"limit": 1, "sorts": [sort]})
        ends = [int(row["id"]) for row in (*first, *last["results"])]
        self._ids[type_] = (ends[0], ends[-1]) if ends else (1, 1)
        return self._ids[type_]

    def _get(self, type_: str, id_: str) -> Row:
        asked = ",".join(PROPERTIES[type_])
        found = self._send("GET", f"{API}/{type_}/{id_}?properties={asked}", None)
        return {"id": found["id"], **found["properties"]}

    def _set(self, type_: str, id_: str, values: Mapping[str, str]) -> None:
        self._changed.append(id_)
        self._send("PATCH", f"{API}/{type_}/{id_}", {"properties": dict(values)})

    def _send(self, method: str, path: str, body: object) -> Any:
        answer = self.client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()


PROPERTIES: Final = {
    CONTACTS: ("student_id", *(credit for credit, _ in SPENDS.values())),
    BOOKINGS: ("is_active", "token_used"),
    EXAMS: ("mock_type", "is_active", "total_bookings"),
}


def _whole(text: str | None) -> int | None:
    """A balance as the student app reads it: what is no whole number is left alone."""
    if not text:
        return 0
    return int(text) if text.isdigit() else None
