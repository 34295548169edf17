"""No secret goes to the browser: whatever a page sends is searched for those that were planted."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.errors import Refused
from pages.shared.places import OPERATIONS, PLACES, Place
from scripts.processes import ROOT
from tests.fakes.crm import Fault, Request
from tests.pages.protos import everything
from tests.pages.stage import ADMIN, Stage, come_in, signed_in

AUTH = {
    "redirect_uri": "https://desk.example.test/oauth2callback",
    "cookie_secret": "canary-cookie-0123456789-0123456789",
    "client_id": "desk",
    "client_secret": "canary-client",
    "server_metadata_url": "https://idp.example.test/.well-known/openid-configuration",
}
SECRETS = {
    "HUBSPOT_TOKEN": "canary-token",
    "SUPABASE_SERVICE_ROLE_KEY": "canary-service",
    "HUBSPOT_CLIENT_SECRET": "canary-webhooks",
    "OPS_DATABASE_URL": "postgresql://desk:canary-database@db/desk",
    "CREDIT_DESK_NOTIFY_URLS": "mailtos://desk:canary-mail@mail.test",
}


def opened(place: Place, who: dict[str, object], auth: object = AUTH) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in SECRETS.items():
        at.secrets[name] = value
    at.secrets["auth"] = auth
    at.user = who
    at.run()
    return at.switch_page(str(ROOT / place.path)).run()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_no_page_sends_a_secret_signed_in_or_out_or_in_trouble(made: Stage, place: Place) -> None:
    admin = dict(come_in(made.journal, signed_in(email=ADMIN)))
    sent = [opened(place, admin), opened(place, {}), opened(place, admin | {"iat": None})]
    made.crm.sending = _refuse
    sent.append(opened(place, admin))

    assert [] == [at.title[0].value for at in sent if b"canary" in everything(at)]
    assert not [at for at in sent if at.exception]


@pytest.mark.parametrize(
    "auth", [{"cookie_secret": "canary", "client_id": "x"}, "canary", ["canary"]]
)
def test_what_is_wrong_with_the_sign_in_is_told_without_it(made: Stage, auth: object) -> None:
    del made
    at = opened(OPERATIONS, {}, auth)

    assert b"canary" not in everything(at)
    assert not at.exception


def _refuse(request: Request) -> Fault:
    raise Refused(f"HubSpot refused {request.what}")
