"""A client of a local HubSpot whose limit the desk's processes use up as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.crash.waiting import wait_for

PATIENCE_S = 60.0


class HubSpot(httpx.Client):
    """Asks again while the limit is used up: a 429 did nothing."""

    def __init__(self, stack: Mapping[str, str]) -> None:
        """``stack``: the settings of a local stack."""
        bearer = {"Authorization": f"Bearer {stack['HUBSPOT_TOKEN']}"}
        super().__init__(base_url=stack["HUBSPOT_BASE_URL"], headers=bearer, timeout=60)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The first answer that is not 429."""
        send = super().send
        answer: httpx.Response = wait_for(
            lambda: _unless_429(send(request, **options)), within_s=PATIENCE_S
        )
        return answer


def _unless_429(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.status_code == 429 else answer
