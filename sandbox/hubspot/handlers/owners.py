"""Owners: the people of the account, to whom records may be assigned."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import errors, wire
from sandbox.hubspot.calls import INT64_MAX, Answer, Call
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.values import iso

PAGE_MAX = 500
FIRST_ID = 710_000_001


def page(desk: Desk, call: Call) -> Answer:
    limit = call.number("limit", default=100, most=PAGE_MAX, least=1)
    after = call.number("after", default=0, most=INT64_MAX)
    found = [] if call.flag("archived") else _owners(desk)
    if email := call.query.get("email"):
        found = [one for one in found if one["email"] == email[-1].lower()]
    found = [one for one in found if int(one["id"]) > after]
    body: dict[str, Any] = {"results": found[:limit]}
    if len(found) > limit:
        last = found[limit - 1]["id"]
        body["paging"] = wire.paging(last, call.next_link(last))
    return Answer(200, body)


def get(desk: Desk, call: Call) -> Answer:
    by_user = call.query.get("idProperty", ["id"])[-1] == "userId"
    key = "userId" if by_user else "id"
    for one in _owners(desk):
        if str(one[key]) == call.params["id"] and not call.flag("archived"):
            return Answer(200, one)
    raise errors.object_not_found("No owner exists with this id.")


def _owners(desk: Desk) -> list[dict[str, Any]]:
    made = iso(min(kind.created_at for kind in desk.catalog.kinds()))
    return [
        {
            "id": str(FIRST_ID + n),
            "email": email,
            "type": "PERSON",
            "firstName": email.partition("@")[0].capitalize(),
            "lastName": "School",
            "userId": user,
            "userIdIncludingInactive": user,
            "createdAt": made,
            "updatedAt": made,
            "archived": False,
            "teams": [],
        }
        for n, (user, email) in enumerate(desk.portal.people.items())
    ]
