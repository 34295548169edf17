"""One API, spoken by several clients: each method of `HubSpotClient` is one of HubSpot's calls.

`Raw` writes the requests itself, in either path style. `PythonSdk` and `NodeSdk` leave that to
HubSpot's own clients, which read the answers by their own models as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from hubspot import HubSpot  # type: ignore[import-untyped]
from urllib3.util.retry import Retry

Body = dict[str, Any]
CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, as JSON."""

    status: int
    body: Any

    @property
    def results(self) -> list[Body]:
        return list(self.body["results"])

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.results]


class HubSpotClient(Protocol):
    """The calls that the cases are made of."""

    def page(self, type_: str, *, limit: int, after: str | None = None) -> Reply: ...
    def get(
        self, type_: str, id_: str, properties: Sequence[str] = (), history: Sequence[str] = ()
    ) -> Reply: ...
    def create(self, type_: str, body: Body) -> Reply: ...
    def update(self, type_: str, id_: str, properties: Mapping[str, str]) -> Reply: ...
    def archive(self, type_: str, id_: str) -> Reply: ...
    def batch(self, type_: str, verb: str, body: Body) -> Reply:
        """The verb is read, update, create, upsert or archive."""
        ...

    def search(self, type_: str, body: Body) -> Reply: ...
    def merge(self, primary: str, other: str) -> Reply: ...
    def links(self, type_: str, id_: str, to: str) -> Reply: ...
    def link(self, type_: str, id_: str, to: str, to_id: str) -> Reply: ...
    def unlink(self, type_: str, id_: str, to: str, to_id: str) -> Reply: ...
    def batch_links(self, type_: str, to: str, verb: str, body: Body) -> Reply:
        """The verb is read, create_default or archive."""
        ...

    def properties(self, type_: str) -> Reply: ...
    def property(self, type_: str, name: str) -> Reply: ...
    def create_property(self, type_: str, body: Body) -> Reply: ...
    def archive_property(self, type_: str, name: str) -> Reply: ...
    def schemas(self) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Raw:
    """Plain HTTP. `version` is v3, or a date."""

    http: httpx.Client
    version: str

    def page(self, type_: str, *, limit: int, after: str | None = None) -> Reply:
        query = {"limit": str(limit), **({"after": after} if after else {})}
        return self._send("GET", self._objects(type_), query=query)

    def get(
        self, type_: str, id_: str, properties: Sequence[str] = (), history: Sequence[str] = ()
    ) -> Reply:
        query = {"properties": ",".join(properties), "propertiesWithHistory": ",".join(history)}
        asked = {name: value for name, value in query.items() if value}
        return self._send("GET", f"{self._objects(type_)}/{id_}", query=asked)

    def create(self, type_: str, body: Body) -> Reply:
        return self._send("POST", self._objects(type_), body)

    def update(self, type_: str, id_: str, properties: Mapping[str, str]) -> Reply:
        path = f"{self._objects(type_)}/{id_}"
        return self._send("PATCH", path, {"properties": dict(properties)})

    def archive(self, type_: str, id_: str) -> Reply:
        return self._send("DELETE", f"{self._objects(type_)}/{id_}")

    def batch(self, type_: str, verb: str, body: Body) -> Reply:
        return self._send("POST", f"{self._objects(type_)}/batch/{verb}", body)

    def search(self, type_: str, body: Body) -> Reply:
        return self._send("POST", f"{self._objects(type_)}/search", body)

    def merge(self, primary: str, other: str) -> Reply:
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        return self._send("POST", f"{self._objects(CONTACTS)}/merge", body)

    def links(self, type_: str, id_: str, to: str) -> Reply:
        return self._send("GET", f"{self._ends(type_, id_)}/{to}")

    def link(self, type_: str, id_: str, to: str, to_id: str) -> Reply:
        return self._send("PUT", f"{self._ends(type_, id_)}/default/{to}/{to_id}")

    def unlink(self, type_: str, id_: str, to: str, to_id: str) -> Reply:
        return self._send("DELETE", f"{self._ends(type_, id_)}/{to}/{to_id}")

    def batch_links(self, type_: str, to: str, verb: str, body: Body) -> Reply:
        tail = {"create_default": "associate/default"}.get(verb, verb)
        api = self._path("/crm/v4/associations", "/crm/associations")
        return self._send("POST", f"{api}/{type_}/{to}/batch/{tail}", body)

    def properties(self, type_: str) -> Reply:
        return self._send("GET", self._properties(type_))

    def property(self, type_: str, name: str) -> Reply:
        return self._send("GET", f"{self._properties(type_)}/{name}")

    def create_property(self, type_: str, body: Body) -> Reply:
        return self._send("POST", self._properties(type_), body)

    def archive_property(self, type_: str, name: str) -> Reply:
        return self._send("DELETE", f"{self._properties(type_)}/{name}")

    def schemas(self) -> Reply:
        old = self.version == "v3"
        dated = f"/crm-object-schemas/{self.version}/schemas"
        return self._send("GET", "/crm-object-schemas/v3/schemas" if old else dated)

    def _path(self, old: str, dated: str) -> str:
        return old if self.version == "v3" else f"{dated}/{self.version}"

    def _objects(self, type_: str) -> str:
        return f"{self._path('/crm/v3/objects', '/crm/objects')}/{type_}"

    def _ends(self, type_: str, id_: str) -> str:
        return f"{self._path('/crm/v4/objects', '/crm/objects')}/{type_}/{id_}/associations"

    def _properties(self, type_: str) -> str:
        return f"{self._path('/crm/v3/properties', '/crm/properties')}/{type_}"

    def _send(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Reply:
        answer = self.http.request(method, path, json=body, params=query)
        return Reply(answer.status_code, answer.json() if answer.content else None)


class Typed:
    """What both of HubSpot's own clients share: which method of theirs is which call."""

    def call(self, api: str, method: str, args: Sequence[Any], options: Body) -> Reply:
        """Make a typed call; `options` may be left out of it."""
        raise NotImplementedError

    def page(self, type_: str, *, limit: int, after: str | None = None) -> Reply:
        options = {"limit": limit, "after": after}
        return self._object(type_, "basic_api", "get_page", (), options)

    def get(
        self, type_: str, id_: str, properties: Sequence[str] = (), history: Sequence[str] = ()
    ) -> Reply:
        options = {
            "properties": list(properties) or None,
            "properties_with_history": list(history) or None,
        }
        return self._object(type_, "basic_api", "get_by_id", (id_,), options)

    def create(self, type_: str, body: Body) -> Reply:
        return self._object(type_, "basic_api", "create", (body,))

    def update(self, type_: str, id_: str, properties: Mapping[str, str]) -> Reply:
        body = {"properties": dict(properties)}
        return self._object(type_, "basic_api", "update", (id_, body))

    def archive(self, type_: str, id_: str) -> Reply:
        return self._object(type_, "basic_api", "archive", (id_,))

    def batch(self, type_: str, verb: str, body: Body) -> Reply:
        return self._object(type_, "batch_api", verb, (body,))

    def search(self, type_: str, body: Body) -> Reply:
        return self._object(type_, "search_api", "do_search", (body,))

    def merge(self, primary: str, other: str) -> Reply:
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        return self._object(CONTACTS, "basic_api", "merge", (body,))

    def links(self, type_: str, id_: str, to: str) -> Reply:
        return self.call("crm.associations.v4.basic_api", "get_page", (type_, id_, to), {})

    def link(self, type_: str, id_: str, to: str, to_id: str) -> Reply:
        ends = (type_, id_, to, to_id)
        return self.call("crm.associations.v4.basic_api", "create_default", ends, {})

    def unlink(self, type_: str, id_: str, to: str, to_id: str) -> Reply:
        ends = (type_, id_, to, to_id)
        return self.call("crm.associations.v4.basic_api", "archive", ends, {})

    def batch_links(self, type_: str, to: str, verb: str, body: Body) -> Reply:
        method = {"read": "get_page"}.get(verb, verb)
        return self.call("crm.associations.v4.batch_api", method, (type_, to, body), {})

    def properties(self, type_: str) -> Reply:
        return self.call("crm.properties.core_api", "get_all", (type_,), {})

    def property(self, type_: str, name: str) -> Reply:
        return self.call("crm.properties.core_api", "get_by_name", (type_, name), {})

    def create_property(self, type_: str, body: Body) -> Reply:
        return self.call("crm.properties.core_api", "create", (type_, body), {})

    def archive_property(self, type_: str, name: str) -> Reply:
        return self.call("crm.properties.core_api", "archive", (type_, name), {})

    def schemas(self) -> Reply:
        return self.call("crm.schemas.core_api", "get_all", (), {})

    def _object(
        self,
        type_: str,
        api: str,
        method: str,
        args: Sequence[Any],
        options: Body | None = None,
    ) -> Reply:
        """Contacts have an API of their own in both clients; all else goes by its type."""
        given = options or {}
        if type_ == CONTACTS:
            return self.call(f"crm.contacts.{api}", method, args, given)
        return self.call(f"crm.objects.{api}", method, (type_, *args), given)


class PythonSdk(Typed):
    """The package hubspot-api-client."""

    def __init__(self, base_url: str, token: str) -> None:
        self._client = HubSpot(access_token=token, host=base_url, retry=Retry(0))

    def call(self, api: str, method: str, args: Sequence[Any], options: Body) -> Reply:
        target: Any = self._client
        for name in api.split("."):
            target = getattr(target, name)
        given = {name: value for name, value in options.items() if value is not None}
        try:
            data, status, _ = getattr(target, f"{method}_with_http_info")(*args, **given)
        except Exception as error:
            if not hasattr(error, "body"):
                raise
            return Reply(error.status, json.loads(error.body))  # type: ignore[attr-defined]
        return Reply(status, target.api_client.sanitize_for_serialization(data))
