"""One function for each endpoint: a call in, an answer out, HubSpot's refusals raised."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.handlers import (
    account,
    batch,
    exports,
    groups,
    journal,
    labels,
    legacy,
    links,
    links_v3,
    mailing,
    objects,
    owners,
    pipelines,
    properties,
    schemas,
    search,
)
from sandbox.hubspot.routes import TABLE

Handler = Callable[[Desk, Call], Answer]
_MODULES = {
    "account": account,
    "batch": batch,
    "exports": exports,
    "groups": groups,
    "journal": journal,
    "labels": labels,
    "legacy": legacy,
    "links": links,
    "links_v3": links_v3,
    "mailing": mailing,
    "objects": objects,
    "owners": owners,
    "pipelines": pipelines,
    "properties": properties,
    "schemas": schemas,
    "search": search,
}
HANDLERS: dict[str, Handler] = {
    name: getattr(_MODULES[name.partition(".")[0]], name.partition(".")[2]) for _, _, name in TABLE
}
