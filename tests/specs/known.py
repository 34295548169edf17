"""Where answers of the sandbox differ from HubSpot's documents because real portals' answers do.

Each with its source; docs/sandbox.md lists them. A difference that is not here is a fault.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.specs.published import Fault


class Known(NamedTuple):
    """Faults that are HubSpot's own: whose line fits the pattern."""

    pattern: re.Pattern[str]
    why: str


def known(pattern: str, why: str) -> Known:
    return Known(re.compile(pattern), why)


KNOWN: tuple[Known, ...] = (
    known(
        r"\.?properties\.\w+: type \"string\", is null",
        "a property that is asked for and not set is null (HubSpot's examples; every recording)",
    ),
    known(
        r"(objects/[-\w{}/]+/batch/(read|update)|associations/.*/batch/read) 207: "
        r"errors\[\]: '(errors|links)' is a required property",
        "an entry about missing objects has neither errors nor links (answers recorded by valmi, "
        "amp-labs, rudder-transformer)",
    ),
    known(
        r"[45]\d\d: status: a field that is not declared",
        'every error says status: "error" (HubSpot\'s guide to errors; every recording)',
    ),
    known(
        r"429: (errorType|policyName|groupName): a field that is not declared",
        "a 429 names its policy (recorded in hubspot-api-python#117 and by others)",
    ),
    known(
        r"(/\{contactId\}|/\{objectId\}) 404: the answer: 'category' is a required property",
        "an unknown number is 404 without a category (reported from live accounts)",
    ),
    known(
        r"/\{objectType\} 400: the answer: 'category' is a required property",
        "an unknown object type is 400 without a category (measured on the live API, 2026-08-21)",
    ),
    known(
        r"errors\[\]\.subCategory: type \"object\", is \"crm\.associations",
        "subCategory is a text (recorded from live accounts in 2026 by several projects)",
    ),
    known(
        r"(objects|properties|associations)/2026-09/.*/batch/(create|read|update) 207: the answer: "
        "this status is not declared",
        "a partial batch is 207 in 2026-09 too (HubSpot's reference pages of 2026-09 list it)",
    ),
    known(
        r"associations.*label: type \"string\", is null",
        "the plain association has the label null (HubSpot's guide; recorded from live accounts)",
    ),
    known(
        r"associations.*(to|from)ObjectId: type \"string\", is \d+$",
        "ids of associations are numbers in 2026-03 (probed on a live account in 2026-08)",
    ),
    known(
        r"journal(-local)?/2026-03/(earliest|latest|offset/\{offset\}/next) 20[04]: the answer: "
        "(a body|this status)",
        "an entry has url, expiresAt and currentOffset, and 204 says that there is none "
        "(HubSpot's guide; verified on the live API by a project on 2026-09-03)",
    ),
    known(
        r"webhooks-journal/[-a-z]+/2026-09.*the documents have no such path",
        "the journal has a version 2026-09 (HubSpot's guide; its documents have 2026-03 alone)",
    ),
)


def reason(fault: Fault) -> str | None:
    """Why this fault is none of ours; None when it is."""
    return next((one.why for one in KNOWN if one.pattern.search(str(fault))), None)
