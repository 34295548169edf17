"""HubSpot's own Node client, in a process of its own that makes the calls it is sent."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.contract.npm import install, tool

from .clients import Body, Reply, Typed

HERE = Path(__file__).parent / "node"
#: the order of the optional arguments, which the Node client takes by position
OPTIONS = {
    "get_page": ("limit", "after", "properties", "properties_with_history"),
    "get_by_id": ("properties", "properties_with_history"),
}


class NodeSdk(Typed):
    """The package @hubspot/api-client."""

    def __init__(self, base_url: str, token: str) -> None:
        environment = {**os.environ, "HUBSPOT_BASE_URL": base_url, "HUBSPOT_TOKEN": token}
        self._process = subprocess.Popen(
            [*tool("node"), str(HERE / "bridge.js"), str(install(HERE, "hubspot-node"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def call(self, api: str, method: str, args: Sequence[Any], options: Body) -> Reply:
        order = OPTIONS.get(method, ()) if options else ()
        given = [*args, *(options.get(name) for name in order)]
        return self._ask({"api": _camel(api), "method": _camel(method), "args": given})

    def request(self, method: str, path: str, body: Any = None) -> Reply:
        """A raw request, for what the typed clients do not know: the dated versions."""
        return self._ask({"request": {"method": method, "path": path, "body": body}})

    def _ask(self, call: Body) -> Reply:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["status"], answer["body"]
        return Reply(answer["status"], answer["body"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[0].upper() + part[1:] for part in rest)
