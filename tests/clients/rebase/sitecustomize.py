"""Python imports this at its start: what a client sends to HubSpot goes to the sandbox instead."""

from __future__ import annotations

import os
from typing import Any

HUBSPOT = "https://api.hubapi.com"

try:
    from requests.adapters import HTTPAdapter
except ImportError:
    pass  # a process without requests has nothing to send elsewhere
else:
    _send = HTTPAdapter.send

    def send(self: HTTPAdapter, request: Any, **options: Any) -> Any:
        if request.url.startswith(f"{HUBSPOT}/"):
            request.url = os.environ["HUBSPOT_BASE_URL"] + request.url.removeprefix(HUBSPOT)
        return _send(self, request, **options)

    HTTPAdapter.send = send  # type: ignore[method-assign,assignment]
