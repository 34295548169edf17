"""What a client learns of its token and of the account."""

from __future__ import annotations

from sandbox.hubspot import errors, inputs
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.desk import Desk


def token_info(desk: Desk, call: Call) -> Answer:
    token = inputs.optional_text(call.json(), "tokenKey")
    if token is None:
        raise errors.invalid_json(": Some required fields were not set: [tokenKey]")
    found = desk.apps.by_token(token)
    if found is None:
        raise errors.object_not_found("The token does not exist")
    user = next(iter(desk.portal.people), 0)
    return Answer(
        200,
        {
            "userId": user,
            "hubId": desk.portal.id,
            "appId": found.app_id,
            "scopes": sorted(found.scopes),
        },
    )


def details(desk: Desk, call: Call) -> Answer:  # noqa: ARG001 - a handler
    return Answer(
        200,
        {
            "portalId": desk.portal.id,
            "accountType": "DEVELOPER_TEST",
            "timeZone": "UTC",
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )
