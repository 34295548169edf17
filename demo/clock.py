"""A clock that is set: the desk's, and with it the local HubSpot's."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from core.app.assembly import utc_now

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Controls:
    """The local HubSpot's own, under ``/_sandbox``. The real one has none."""

    base_url: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Raises OSError when it is not there, RuntimeError when it refuses."""
        at = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, f"/_sandbox{path}", json.dumps({} if body is None else body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} /_sandbox{path}: {answer.status} {text[:200]!r}")
        return json.loads(text)

    def options(self) -> dict[str, Any]:
        """What is chosen now."""
        found: dict[str, Any] = self.call("GET", "/options")
        return found

    def choose(self, **options: object) -> None:
        """Change these; the others stay."""
        self.call("PUT", "/options", options)

    def edit(self, type_id: str, id_: str, properties: Mapping[str, str | None]) -> None:
        """A person changes a record in the HubSpot screen, past its checks."""
        self.call("POST", f"/objects/{type_id}/{id_}/edit", {"properties": properties, "raw": True})

    def require(self, type_id: str, name: str, *, when: str, value: str) -> None:
        """An admin of the account has a property required while another has this value."""
        rule = {"type": type_id, "require": name, "when": when, "values": [value]}
        self.call("PUT", "/rules", [rule])

    def require_nothing(self) -> None:
        """No such rule is left."""
        self.call("DELETE", "/rules")


@dataclass(slots=True)
class Clock:
    """Goes as the real one does, and is behind it. It is only ever set forward."""

    controls: Controls
    behind: timedelta

    def now(self) -> datetime:
        """The time of the story."""
        return utc_now() - self.behind

    def begin(self, at: datetime) -> None:
        """Set it back, once, to where the story begins."""
        self._set(utc_now() - at)

    def go(self, to: datetime) -> None:
        """Let it be ``to``, in the desk and in HubSpot, unless it is later already."""
        if to > self.now():
            self._set(max(utc_now() - to, timedelta(0)))

    def _set(self, behind: timedelta) -> None:
        self.behind = behind
        self.controls.choose(clock_offset_ms=-round(behind.total_seconds() * 1000))
