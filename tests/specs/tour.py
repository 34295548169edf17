"""Every path that the sandbox serves in a dated version, asked well and asked badly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from sandbox.hubspot.mailing import FIRST_EMAIL
from sandbox.hubspot.scopes import JOURNAL
from tests.contract.sandbox.conftest import BOOKINGS, EXAMS, Sandbox

CONTACT_TO_NOTE = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 201}]


class Told(NamedTuple):
    """One answer."""

    method: str
    path: str
    status: int
    body: Any  # None when empty; bytes when no JSON


class Tour:
    """Asks, and keeps what is answered."""

    def __init__(self, hubspot: Sandbox, version: str) -> None:
        self.hubspot = hubspot
        self.version = version
        self.told: list[Told] = []
        hubspot.put("/_sandbox/options", {"search_limit": 1_000_000})

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """`{v}` in the path is the version."""
        path = path.replace("{v}", self.version)
        answer = self.hubspot.http.request(method, path, json=body, params=query)
        kind = answer.headers.get("Content-Type", "")
        told = (answer.json() if "json" in kind else answer.content) if answer.content else None
        self.told.append(Told(method, path, answer.status_code, told))
        return told

    def walk(self) -> list[Told]:
        """The whole of it."""
        for part in (
            self.objects,
            self.batches,
            self.merges,
            self.searches,
            self.ties,
            self.labels,
            self.properties,
            self.groups,
            self.schemas,
            self.the_rest,
            self.journal,
            self.refusals,
        ):
            part()
        return self.told

    def objects(self) -> None:
        path = "/crm/objects/{v}/contacts"
        self.ask("GET", path, limit="3", properties="email,phone")
        self.ask("GET", path, limit="2", propertiesWithHistory="email", associations="notes")
        self.ask("GET", path, archived="true")
        made = self.ask("POST", path, {"properties": {"email": "a@x.example"}, "associations": []})
        one = f"{path}/{made['id']}"
        self.ask("GET", one, properties="email", propertiesWithHistory="email")
        self.ask("GET", f"{path}/101", associations=f"{BOOKINGS},notes")
        self.ask("PATCH", one, {"properties": {"firstname": "A"}})
        self.ask("DELETE", one)
        self.ask("GET", one, archived="true")
        self.ask("GET", one)
        self.ask("GET", f"{path}/abc")
        self.ask("PATCH", f"{path}/101", {"properties": {"sj_credits": "many"}})
        self.ask("PATCH", f"{path}/101", {"properties": {"nothing": "1"}})
        self.ask("POST", path, {"properties": {"email": "student1@school.example"}})
        self.ask("POST", f"/crm/objects/{{v}}/{BOOKINGS}", {"properties": {"is_active": "Active"}})
        self.ask("POST", f"{path}/gdpr-delete", {"objectId": "119"})

    def batches(self) -> None:
        path = "/crm/objects/{v}/contacts/batch"
        new = [{"properties": {"email": f"b{n}@x.example"}} for n in range(2)]
        made = self.ask("POST", f"{path}/create", {"inputs": new})
        ids = [{"id": one["id"]} for one in made["results"]]
        body = {"inputs": ids, "properties": ["email"], "propertiesWithHistory": []}
        self.ask("POST", f"{path}/read", body)
        self.ask("POST", f"{path}/read", {**body, "propertiesWithHistory": ["email"]})
        self.ask("POST", f"{path}/read", {**body, "inputs": [*ids, {"id": "1"}]})
        self.ask("POST", f"{path}/read", {**body, "inputs": [{"id": "1"}]})
        updates = [{**one, "properties": {"firstname": "B"}} for one in ids]
        self.ask("POST", f"{path}/update", {"inputs": updates})
        gone = {"id": "1", "properties": {"firstname": "B"}}
        self.ask("POST", f"{path}/update", {"inputs": [*updates, gone]})
        self.ask("POST", f"{path}/update", {"inputs": [updates[0], updates[0]]})
        traced = [
            {"properties": {"email": "c@x.example"}, "objectWriteTraceId": "a"},
            {"properties": {"email": "none"}, "objectWriteTraceId": "b"},
        ]
        self.ask("POST", f"{path}/create", {"inputs": traced})
        self.ask("POST", f"{path}/create", {"inputs": traced[1:]})
        up = [
            {"id": f"{name}@x.example", "idProperty": "email", "properties": {"firstname": "C"}}
            for name in ("c", "d")
        ]
        self.ask("POST", f"{path}/upsert", {"inputs": up})
        self.ask("POST", f"{path}/upsert", {"inputs": [{"id": "x", "properties": {}}]})
        self.ask("POST", f"{path}/archive", {"inputs": ids})
        self.ask("POST", f"{path}/archive", {"inputs": [{}]})
        self.ask("POST", f"{path}/read", {"inputs": [{"id": str(n)} for n in range(101)]})

    def merges(self) -> None:
        path = "/crm/objects/{v}/contacts"
        pair = {"primaryObjectId": "111", "objectIdToMerge": "112"}
        self.ask("POST", f"{path}/merge", pair)
        self.ask("POST", f"{path}/merge", {**pair, "objectIdToMerge": "1"})
        self.ask("GET", f"{path}/112")

    def searches(self) -> None:
        path = "/crm/objects/{v}/contacts/search"
        one = {"propertyName": "sj_credits", "operator": "GTE", "value": "1"}
        body: dict[str, Any] = {
            "filterGroups": [{"filters": [one]}], "limit": 2, "after": "0", "sorts": [],
            "properties": ["sj_credits"], "query": "",
        }  # fmt: skip
        self.ask("POST", path, body)
        self.ask("POST", path, {**body, "limit": 100})
        self.ask("POST", path, {**body, "after": "10000"})
        self.ask("POST", path, {**body, "filterGroups": [{"filters": [{"operator": "EQ"}]}]})

    def ties(self) -> None:
        path = f"/crm/objects/{{v}}/{BOOKINGS}/501/associations"
        self.ask("GET", f"{path}/contacts")
        self.ask("GET", f"/crm/objects/{{v}}/{EXAMS}/901/associations/{BOOKINGS}", limit="2")
        self.ask("PUT", f"{path}/default/contacts/102")
        self.ask("PUT", f"{path}/default/contacts/1")
        kinds = f"/crm/associations/{{v}}/{BOOKINGS}/contacts"
        (spec, *_) = self.ask("GET", f"{kinds}/labels")["results"]
        types = [{"associationCategory": spec["category"], "associationTypeId": spec["typeId"]}]
        self.ask("PUT", f"{path}/contacts/103", types)
        self.ask("DELETE", f"{path}/contacts/103")
        pair = {"from": {"id": "501"}, "to": {"id": "104"}}
        gone = {"from": {"id": "501"}, "to": {"id": "1"}}
        batch = f"{kinds}/batch"
        for name, entries in (
            ("read", [{"id": "501"}]),
            ("read", [{"id": "501"}, {"id": "1"}]),
            ("create", [{**pair, "types": types}]),
            ("create", [{**pair, "types": types}, {**gone, "types": types}]),
            ("associate/default", [pair]),
            ("associate/default", [pair, gone]),
            ("labels/archive", [{**pair, "types": types}]),
            ("archive", [{"from": {"id": "501"}, "to": [{"id": "104"}]}]),
            ("create", [{**pair, "types": []}]),
        ):
            self.ask("POST", f"{batch}/{name}", {"inputs": entries})
        new = {"properties": {"email": "lone@x.example"}}
        lone = self.hubspot.post("/crm/v3/objects/contacts", new, 201)
        ask = {"inputs": [{"id": lone["id"]}]}
        self.ask("POST", f"/crm/associations/{{v}}/contacts/{BOOKINGS}/batch/read", ask)

    def labels(self) -> None:
        path = "/crm/associations/{v}/contacts/companies/labels"
        new = {"label": "Adviser", "name": "adviser", "inverseLabel": "Advised by"}
        made = self.ask("POST", path, new)
        self.ask("GET", path)
        (own, *_) = [one for one in made["results"] if one["label"] == "Adviser"]
        changed = {"associationTypeId": own["typeId"], "label": "Tutor"}
        self.ask("PUT", path, changed)
        limits = "/crm/associations/{v}/definitions/configurations/contacts/companies"
        one = {"category": "USER_DEFINED", "typeId": own["typeId"], "maxToObjectIds": 2}
        self.ask("POST", f"{limits}/batch/create", {"inputs": [one]})
        self.ask("GET", limits)
        self.ask("POST", f"{limits}/batch/update", {"inputs": [{**one, "maxToObjectIds": 3}]})
        self.ask("POST", f"{limits}/batch/purge", {"inputs": [one]})
        self.ask("DELETE", f"{path}/{own['typeId']}")
        self.ask("POST", path, {"label": "x"})

    def properties(self) -> None:
        path = "/crm/properties/{v}/contacts"
        new = {
            "label": "X",
            "type": "string",
            "fieldType": "text",
            "groupName": "contactinformation",
        }
        name = "tour_" + self.version.replace("-", "_")
        self.ask("GET", path)
        self.ask("GET", path, archived="true")
        self.ask("POST", path, {**new, "name": name})
        self.ask("POST", path, {**new, "name": name})
        self.ask("GET", f"{path}/{name}")
        self.ask("PATCH", f"{path}/{name}", {"label": "Y"})
        self.ask("DELETE", f"{path}/{name}")
        self.ask("GET", f"{path}/{name}", archived="true")
        self.ask("GET", f"{path}/{name}")
        read = {"archived": False, "dataSensitivity": "non_sensitive"}
        self.ask("POST", f"{path}/batch/read", {**read, "inputs": [{"name": "email"}]})
        both = [{"name": "email"}, {"name": "nothing"}]
        self.ask("POST", f"{path}/batch/read", {**read, "inputs": both})
        self.ask("POST", f"{path}/batch/create", {"inputs": [{**new, "name": f"{name}_b"}]})
        self.ask("POST", f"{path}/batch/archive", {"inputs": [{"name": f"{name}_b"}]})
        self.ask("POST", path, {**new, "name": "A B"})

    def groups(self) -> None:
        path = "/crm/properties/{v}/contacts/groups"
        name = "tour_group_" + self.version.replace("-", "_")
        self.ask("GET", path)
        self.ask("POST", path, {"name": name, "label": "Tour", "displayOrder": -1})
        self.ask("POST", path, {"name": name, "label": "Tour"})
        self.ask("GET", f"{path}/{name}")
        self.ask("PATCH", f"{path}/{name}", {"label": "Round"})
        self.ask("DELETE", f"{path}/{name}")
        self.ask("GET", f"{path}/{name}")

    def schemas(self) -> None:
        path = "/crm-object-schemas/{v}/schemas"
        name = "tours_" + self.version.replace("-", "_")
        self.ask("GET", path)
        self.ask("GET", f"{path}/{BOOKINGS}")
        prop = {"name": "title", "label": "Title", "type": "string", "fieldType": "text"}
        new = {
            "name": name, "labels": {"singular": "Tour", "plural": "Tours"}, "properties": [prop],
            "requiredProperties": ["title"], "primaryDisplayProperty": "title",
            "associatedObjects": ["CONTACT"], "searchableProperties": [],
            "secondaryDisplayProperties": [],
        }  # fmt: skip
        made = self.ask("POST", path, new)
        self.ask("POST", path, new)
        self.ask("DELETE", f"{path}/{made['objectTypeId']}")
        self.ask("GET", f"{path}/2-99")

    def the_rest(self) -> None:
        pipelines = "/crm/pipelines/{v}/deals"
        (first, *_) = self.ask("GET", pipelines)["results"]
        one = f"{pipelines}/{first['id']}"
        self.ask("GET", one)
        (stage, *_) = self.ask("GET", f"{one}/stages")["results"]
        self.ask("GET", f"{one}/stages/{stage['id']}")
        self.ask("GET", f"{pipelines}/nothing")
        (owner, *_) = self.ask("GET", "/crm/owners/{v}")["results"]
        self.ask("GET", f"/crm/owners/{{v}}/{owner['id']}")
        self.ask("GET", "/crm/owners/{v}/1")
        self.ask("GET", "/account-info/{v}/details")
        export = "/crm/exports/{v}/export/async"
        asked = {
            "exportType": "VIEW", "exportName": "tour", "format": "CSV", "language": "EN",
            "objectType": "contacts", "objectProperties": ["email"], "associatedObjectType": [],
        }  # fmt: skip
        task = self.ask("POST", export, asked)
        for _ in range(3):
            self.ask("GET", f"{export}/tasks/{task['id']}/status")
            self.hubspot.clock.now += timedelta(milliseconds=250)
        self.ask("GET", f"{export}/tasks/1/status")
        self.ask("POST", export, {})
        mail = "/marketing/transactional/{v}/single-email/send"
        to = {"to": "student0@school.example", "sendId": "tour"}
        self.ask("POST", mail, {"emailId": FIRST_EMAIL, "message": to})
        self.ask("POST", mail, {"emailId": 1, "message": to})

    def journal(self) -> None:
        """With the token that an app gets for its own id and secret."""
        good = self.hubspot.http.headers["Authorization"]
        portal = self.hubspot.server.app.desk.portal
        form = {
            "grant_type": "client_credentials", "client_id": portal.client_id,
            "client_secret": good.removeprefix("Bearer "), "scope": " ".join(sorted(JOURNAL)),
        }  # fmt: skip
        told = self.hubspot.http.post(f"/oauth/{self.version}/token", data=form).json()
        self.hubspot.http.headers["Authorization"] = f"Bearer {told['access_token']}"
        ended = self._subscribed(portal.id)
        for base in ("/webhooks-journal/journal/{v}", "/webhooks-journal/journal-local/{v}"):
            self._polled(base, ended)
        self.ask("DELETE", f"/webhooks-journal/subscriptions/{{v}}/portals/{portal.id}")
        self.hubspot.http.headers["Authorization"] = good

    def _subscribed(self, portal: int) -> str:
        """Subscribe, and have something to read; returns the status of a snapshot."""
        path = "/webhooks-journal/subscriptions/{v}"
        asked = {
            "subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": portal,
            "actions": ["CREATE", "UPDATE"], "properties": ["email"], "objectIds": [],
        }  # fmt: skip
        one = self.ask("POST", path, asked)
        self.ask("POST", path, {**asked, "actions": []})
        self.ask("GET", path)
        self.ask("GET", f"{path}/{one['id']}")
        self.ask("DELETE", f"{path}/{one['id']}")
        self.ask("GET", f"{path}/{one['id']}")
        self.ask("POST", path, asked)
        snapshot = {"portalId": portal, "objectId": 103, "objectTypeId": "0-1", "properties": []}
        body = {"snapshotRequests": [snapshot, {**snapshot, "objectId": 104}]}
        made = self.ask("POST", "/webhooks-journal/snapshots/{v}/crm", body)
        return str(made["snapshotResponses"][0]["snapshotStatusId"])

    def _polled(self, base: str, snapshot: str) -> None:
        first = self.ask("GET", f"{base}/earliest")["currentOffset"]
        last = self.ask("GET", f"{base}/latest")["currentOffset"]
        nobody = "00000000-0000-4000-8000-000000000000"
        for offset in (first, last, nobody):
            self.ask("GET", f"{base}/offset/{offset}/next")
        self.ask("GET", f"{base}/batch/earliest/2")
        self.ask("GET", f"{base}/batch/latest/2")
        self.ask("GET", f"{base}/batch/{first}/next/2")
        self.ask("GET", f"{base}/batch/{first}/next/1000")
        self.ask("POST", f"{base}/batch/read", {"inputs": [first]})
        self.ask("POST", f"{base}/batch/read", {"inputs": [first, nobody]})
        self.ask("GET", f"{base}/status/{snapshot}")
        self.ask("GET", f"{base}/status/{nobody}")

    def refusals(self) -> None:
        """What any call may be answered with."""
        path = "/crm/objects/{v}/contacts"
        for status in (423, 429, 477, 503):
            self.hubspot.faults({"action": "status", "status": status, "times": 1})
            self.ask("GET", path)
        self.hubspot.faults({"action": "partial", "fail": 1, "times": 1})
        self.ask("POST", f"{path}/batch/read", {"inputs": [{"id": "101"}, {"id": "102"}]})
        self.hubspot.faults()
        good = self.hubspot.http.headers["Authorization"]
        self.hubspot.http.headers["Authorization"] = "Bearer nobody"
        self.ask("GET", path)
        app = {"token": "pat-poor", "app_id": 2, "name": "Poor", "scopes": []}
        self.hubspot.put("/_sandbox/apps", app)
        self.hubspot.http.headers["Authorization"] = "Bearer pat-poor"
        self.ask("GET", path)
        self.ask("GET", "/crm-object-schemas/{v}/schemas")
        self.hubspot.http.headers["Authorization"] = good
        self.ask("GET", "/crm/objects/{v}/nothings")


def paths(told: list[Told]) -> Iterator[tuple[str, str]]:
    """Method and path of what was answered well."""
    for one in told:
        if one.status < 300:
            yield one.method, one.path
