"""What doctor says of an account, and what provision makes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import stamina

from core.credits.account import OBJECT_TYPES, Portal
from core.credits.errors import Forbidden, Refused, Unauthorized
from core.credits.records import MARKER, ContactId, Kind
from core.hubspot.client import HubSpot, connect
from core.hubspot.inspection import Inspection
from core.hubspot.pace.limiter import Priority
from core.hubspot.ports.channels import Channel
from core.hubspot.ports.inspection import Finding, Health
from core.hubspot.ports.scopes import FOR_PROVISION, NEEDED
from core.hubspot.transport import Call
from sandbox.hubspot.portal import Portal as Account
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.world import utc_now

RIGHT = "pat-right"


class Serve(Protocol):
    def __call__(self, *, portal: Portal = ..., token: str = ..., **options: Any) -> HubSpot: ...


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """An account with these scopes and properties, and a client to it."""
    with ExitStack() as stack:
        numbers = itertools.count()

        def start(
            *,
            portal: Portal | None = None,
            token: str = RIGHT,
            account: Account | None = None,
            **options: Any,
        ) -> HubSpot:
            folder = tmp_path / str(next(numbers))
            server = HubSpotServer(folder, token=RIGHT, portal=account, **options)
            stack.enter_context(server)
            client = connect(
                base_url=server.start(),
                token=token,
                api_version="2026-09",
                portal=portal or Portal(),
                now=utc_now,
            )
            stack.callback(client.close)
            return client

        stack.enter_context(stamina.set_testing(True, attempts=2))
        yield start


def wrong(client: HubSpot) -> dict[str, Finding]:
    found = Inspection(client.hub).inspect()
    return {finding.what: finding for finding in found if finding.health is not Health.FINE}


def test_an_account_that_is_as_needed_has_nothing_to_mend(serve: Serve) -> None:
    client = serve()

    assert {} == wrong(client)
    assert len(Inspection(client.hub).inspect()) > 40
    assert [] == Inspection(client.hub).provision()


def test_a_missing_marker_is_named_and_made_where_it_is_missing(serve: Serve) -> None:
    client = serve(portal=Portal())
    for kind in (Kind.CONTACT, Kind.EXAM):
        path = client.hub.paths.properties(OBJECT_TYPES[kind], MARKER)
        client.hub.transport.client.delete(path)

    before = wrong(client)
    made = Inspection(client.hub).provision()

    assert {f"contacts: property {MARKER}", f"exams: property {MARKER}"} == set(before)
    assert {"Run python -m core provision"} == {finding.mend for finding in before.values()}
    assert [f"property {MARKER} of contacts", f"property {MARKER} of exams"] == made
    assert {} == wrong(client)


def test_a_wrong_token_is_all_that_is_said(serve: Serve) -> None:
    found = Inspection(serve(token="wrong").hub).inspect()

    assert [Health.FAULT] == [finding.health for finding in found]
    assert "HUBSPOT_TOKEN" in found[0].mend


def test_missing_scopes_are_named_with_what_they_are_for(serve: Serve) -> None:
    client = serve(scopes=ALL - {"crm.objects.contacts.write", "crm.objects.custom.read"})

    found = wrong(client)

    assert "crm.objects.contacts.write" in found["writing contacts"].mend
    assert "crm.objects.custom.read" in found["reading bookings"].mend
    assert "writing bookings" not in found


def test_an_unknown_object_type_comes_with_those_that_there_are(serve: Serve) -> None:
    types = {**OBJECT_TYPES, Kind.BOOKING: "2-999"}

    found = wrong(serve(portal=Portal(types=types)))

    assert "2-50158943 (bookings)" in found["bookings: object type 2-999"].mend


def test_an_object_whose_own_name_is_another_is_left_as_it_is(serve: Serve) -> None:
    """What it lacks is not to be added to it: it is not the object that is meant."""
    exams, bookings = OBJECT_TYPES[Kind.EXAM], OBJECT_TYPES[Kind.BOOKING]
    types = {Kind.CONTACT: "0-1", Kind.BOOKING: exams, Kind.EXAM: "0-1"}
    client = serve(portal=Portal(types=types))

    found = wrong(client)

    of_bookings = found[f"bookings: object type {exams}"]
    assert "its own name is mock_exams" in of_bookings.said
    assert f'[objects] bookings = "{bookings}"' in of_bookings.mend
    assert f'[objects] exams = "{exams}"' in found["exams: object type 0-1"].mend
    assert not [what for what in found if what.startswith(("bookings: prop", "exams: prop"))]
    with pytest.raises(Refused, match="its own name is"):
        Inspection(client.hub).provision()


def test_properties_of_another_type_or_that_cannot_be_written_are_named(serve: Serve) -> None:
    renamed = {
        Kind.CONTACT: {"cs_credits": "company", "sj_credits": "hs_object_id"},
        Kind.BOOKING: {"booking_id": "student_name"},
        Kind.EXAM: {"location": "place"},
    }

    found = wrong(serve(portal=Portal(renamed=renamed)))

    assert "is of type string" == found["contacts: property company"].said
    assert "cannot be written" == found["contacts: property hs_object_id"].said
    assert "does not hold unique values" == found["bookings: property student_name"].said
    assert "exams: property place" in found
    assert Health.WARNING is found["exams: property place"].health


@pytest.mark.parametrize("name", ["p_bookings", "P_Bookings", "bookings", "p47100812_bookings"])
def test_a_type_given_by_its_name_is_known_by_its_id(serve: Serve, name: str) -> None:
    client = serve(
        portal=Portal(types={**OBJECT_TYPES, Kind.BOOKING: name, Kind.CONTACT: "contact"})
    )

    found = {each.what: each for each in Inspection(client.hub).inspect()}

    assert {} == wrong(client)
    assert f"is {OBJECT_TYPES[Kind.BOOKING]}" == found[f"bookings: object type {name}"].said
    assert dict(OBJECT_TYPES) == client.object_types()
    ids, _ = client.listed_ids(Kind.BOOKING)
    assert [] == ids


@pytest.mark.parametrize("name", ["reservations", "p_reservations", "p999_bookings"])
def test_a_name_that_no_type_has_comes_with_those_that_there_are(serve: Serve, name: str) -> None:
    client = serve(portal=Portal(types={**OBJECT_TYPES, Kind.BOOKING: name}))

    found = wrong(client)

    assert [f"bookings: object type {name}"] == list(found)
    assert "no custom object of this account is named so" in next(iter(found.values())).said
    with pytest.raises(Refused, match=name):
        client.object_types()


def test_names_are_looked_up_once_and_ids_never(serve: Serve) -> None:
    named = serve(portal=Portal(types={**OBJECT_TYPES, Kind.EXAM: "mock_exams"}))
    for _ in range(2):
        named.object_types()
        named.listed_ids(Kind.EXAM)

    assert {"inspect": 1, "list exams": 2, "total": 3} == dict(named.usage())
    plain = serve()
    plain.object_types()
    assert 0 == plain.usage()["total"]


def test_the_scopes_of_a_token_are_told_by_name_and_use(serve: Serve) -> None:
    granted = frozenset(NEEDED) - {"crm.objects.custom.write", "crm.schemas.contacts.read"}
    client = serve(scopes=granted)

    found = wrong(client)["scopes"]

    assert Health.FAULT is found.health
    assert "crm.objects.custom.write (to cancel, book" in found.said
    assert "Grant crm.objects.custom.write, crm.schemas.contacts.read" in found.mend


def test_the_listed_scopes_are_enough_and_none_of_them_is_idle(serve: Serve) -> None:
    whole = serve(scopes=frozenset(NEEDED))
    assert {} == wrong(whole)
    assert [] == Inspection(whole.hub).provision()

    for scope in NEEDED:
        lacking = wrong(serve(scopes=frozenset(NEEDED) - {scope}))
        named = [what for what, each in lacking.items() if scope in each.mend]
        assert len(named) > 1, f"{scope}: the list alone says that it is needed"


def test_scopes_of_provision_are_asked_for_while_the_marker_is_missing(serve: Serve) -> None:
    client = serve(scopes=frozenset(NEEDED), account=Account(with_marker=False))

    assert Health.WARNING is wrong(client)["scopes"].health
    assert "crm.schemas.contacts.write" in wrong(client)["scopes"].mend
    with pytest.raises(Forbidden, match=r"crm\.schemas\.contacts\.write"):
        Inspection(client.hub).provision()
    able = serve(scopes=frozenset({*NEEDED, *FOR_PROVISION}), account=Account(with_marker=False))
    assert 4 == len(Inspection(able.hub).provision())
    assert {} == wrong(able)


def test_a_token_of_which_hubspot_tells_nothing_is_tried_call_by_call(serve: Serve) -> None:
    client = serve(scopes=frozenset(NEEDED) - {"crm.objects.contacts.write"})
    base_url = str(client.hub.transport.client.base_url)
    faults = [{"action": "status", "status": 404, "path": "access-token-info"}]
    httpx.put(f"{base_url}/_sandbox/faults", json=faults, timeout=60, trust_env=False)

    found = {each.what: each for each in Inspection(client.hub).inspect()}

    assert Health.FINE is found["scopes"].health
    assert "each call was tried instead" in found["scopes"].said
    assert "crm.objects.contacts.write" in found["writing contacts"].mend


def test_a_token_of_another_app_than_the_settings_name_is_told(serve: Serve) -> None:
    client = serve()

    right, other = (Inspection(client.hub, app) for app in ("28463211", "1"))

    assert ["app"] == [each.what for each in other.inspect() if each.health is not Health.FINE]
    (said,) = (each for each in other.inspect() if each.what == "app")
    assert "Set HUBSPOT_APP_ID to 28463211" in said.mend
    (fine,) = (each for each in right.inspect() if each.what == "app")
    assert "the token is of app 28463211 in account 47100812" == fine.said


def test_a_hubspot_that_cannot_be_reached_is_all_that_is_said(serve: Serve) -> None:
    client = serve()
    client.hub.transport.client.base_url = httpx.URL("http://127.0.0.1:9")

    found = Inspection(client.hub).inspect()

    assert [Health.FAULT] == [finding.health for finding in found]
    assert "HUBSPOT_BASE_URL" in found[0].mend


def test_a_hubspot_that_fails_is_to_be_looked_at_later(serve: Serve) -> None:
    client = serve()
    faults = [{"action": "status", "status": 503, "path": "."}]
    base_url = str(client.hub.transport.client.base_url)
    httpx.put(f"{base_url}/_sandbox/faults", json=faults, timeout=60, trust_env=False)

    found = Inspection(client.hub).inspect()

    assert ["HubSpot"] == [finding.what for finding in found]
    assert "status.hubspot.com" in found[0].mend


def test_failures_in_the_middle_are_told_beside_the_rest(serve: Serve) -> None:
    client = serve()
    faults = [{"action": "status", "status": 503, "path": "batch|2-50158913"}]
    base_url = str(client.hub.transport.client.base_url)
    httpx.put(f"{base_url}/_sandbox/faults", json=faults, timeout=60, trust_env=False)

    found = wrong(client)

    assert Health.WARNING is found["reading contacts"].health
    assert Health.FAULT is found["exams"].health


def test_missing_schema_scopes_are_named(serve: Serve) -> None:
    found = wrong(serve(scopes=ALL - {"crm.schemas.custom.read"}))

    assert "crm.schemas.custom.read" in found["bookings: properties"].mend


def test_the_quota_is_what_the_answers_said(serve: Serve) -> None:
    client = serve(rate_limit=150, daily_limit=5000)
    inspection = Inspection(client.hub)
    inspection.inspect()

    quota = inspection.quota()

    assert (150, 10.0, 5000) == (quota.limit, quota.window_s, quota.day_limit)
    assert 0 < quota.used < 30  # those of the last ten seconds
    assert quota.day_left in range(4970, 4991)


def test_processes_count_together_and_close_what_they_share(serve: Serve, tmp_path: Path) -> None:
    base_url = str(serve().hub.transport.client.base_url)
    clients = [
        connect(
            base_url=base_url,
            token=RIGHT,
            api_version="2026-09",
            portal=Portal(),
            now=utc_now,
            slots_url=f"sqlite:///{tmp_path}/desk.sqlite",
        )
        for _ in range(2)
    ]
    for client in clients:
        client.at(Priority.SWEEP).contacts([ContactId("1")])

    quotas = [Inspection(client.hub).quota() for client in clients]
    for client in clients:
        client.close()

    assert [2, 2] == [quota.used for quota in quotas]


def test_a_knock_costs_one_call_and_shows_whether_we_are_let_in(serve: Serve) -> None:
    client = serve()
    inspection = Inspection(client.hub)
    before = client.usage()["total"]

    inspection.knock()

    heard = inspection.heard()
    assert 1 == client.usage()["total"] - before
    assert {"knock"} == {what for what, _ in heard.outcomes}
    assert heard.well_s_ago is not None
    assert heard.ill_s_ago is None


def test_a_knock_with_a_wrong_token_is_told_from_one_that_is_let_in(serve: Serve) -> None:
    inspection = Inspection(serve(token="pat-wrong").hub)

    with pytest.raises(Unauthorized):
        inspection.knock()

    heard = inspection.heard()
    assert {("knock", "refused"): 1} == heard.outcomes
    assert (None, True) == (heard.well_s_ago, heard.ill_s_ago is not None)


def test_the_clock_of_hubspot_is_told_from_its_answers(serve: Serve) -> None:
    inspection = Inspection(serve().hub)
    assert inspection.heard().ahead_s is None, "nothing was asked yet"

    inspection.knock()

    ahead_s = inspection.heard().ahead_s
    assert ahead_s is not None
    assert abs(ahead_s) < 60, "it runs on this machine"


def looked_at(client: HubSpot, channel: Channel) -> dict[str, Finding]:
    """What is to be mended where students are told in this way."""
    found = Inspection(client.hub, channel=channel).inspect()
    return {finding.what: finding for finding in found if finding.health is not Health.FINE}


def test_properties_that_tell_students_are_named_and_made_where_they_are_told_so(
    serve: Serve,
) -> None:
    client = serve()
    assert [] == Inspection(client.hub, channel=Channel.SINGLE_SEND).provision()
    missing = looked_at(client, Channel.PROPERTIES)
    assert 7 == len(missing)
    assert {("does not exist", "Run python -m core provision", Health.WARNING)} == {
        (one.said, one.mend, one.health) for one in missing.values()
    }

    made = Inspection(client.hub, channel=Channel.PROPERTIES).provision()

    assert "property credit_desk_told_operation of contacts" in made
    assert {f"contacts: property {name.split()[1]}" for name in made} == set(missing)
    assert {} == looked_at(client, Channel.PROPERTIES)
    assert [] == Inspection(client.hub, channel=Channel.PROPERTIES).provision()


def test_a_property_of_another_type_cannot_tell_students(serve: Serve) -> None:
    client = serve()
    wrong_type = {
        "name": "credit_desk_told_exam_date", "label": "x", "groupName": "contactinformation",
        "type": "string", "fieldType": "text",
    }  # fmt: skip
    path = client.hub.paths.properties("0-1")
    client.hub.transport.write(Call(what="write", path=path, body=wrong_type), Priority.OPERATION)
    Inspection(client.hub, channel=Channel.PROPERTIES).provision()

    (finding,) = looked_at(client, Channel.PROPERTIES).values()

    assert "is of type string" == finding.said
    assert "Let it be of type date: archive it" in finding.mend


def test_single_send_needs_a_scope_of_its_own(serve: Serve) -> None:
    client = serve(scopes=ALL - {"transactional-email"})

    assert {} == looked_at(client, Channel.OFF)
    (finding,) = looked_at(client, Channel.SINGLE_SEND).values()

    assert "the token lacks transactional-email (to tell students by e-mail)" == finding.said
