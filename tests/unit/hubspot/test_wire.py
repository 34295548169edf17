"""Values, bodies and paths."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core.credits.account import PROPERTIES, Portal
from core.credits.catalogue import CreditType
from core.credits.records import MARKER, BookingStatus, ContactId, Kind
from core.hubspot.ports.crm import BookingFilter, Note
from core.hubspot.wire import records, requests, searches, values
from core.hubspot.wire.paths import Paths

PORTAL = Portal()
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-05-04T12:00:00Z",
        "2026-05-04T12:00:00.000Z",
        "2026-05-04T14:00:00+02:00",
        "2026-05-04T12:00:00",
        "1777896000000",
        "1.777896E12",
        1777896000000,
    ],
    ids=repr,
)
def test_a_moment_is_read_in_every_form_and_made_utc(raw: object) -> None:
    read = values.moment(raw)

    assert read is not None
    assert (NOON, UTC) == (read, read.tzinfo)


@pytest.mark.parametrize(
    "raw",
    [None, "", "  ", "soon", "NaN", "1e400", "2026-13-45", "2026-02-30", "1e999999999", True, [1]],
)
def test_what_is_no_moment_is_none(raw: object) -> None:
    assert values.moment(raw) is None
    assert values.day(raw) is None


def test_a_day_is_a_date_or_midnight_in_utc() -> None:
    assert date(2026, 5, 4) == values.day("2026-05-04")
    assert date(2026, 5, 4) == values.day("1777852800000")


@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_none(raw: str) -> None:
    assert values.moment(raw) is None


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("30", 30),
        ("30.0", 30),
        (30, 30),
        ("3.5", None),
        ("x", None),
        ("1e30", None),
        ("-1e30", None),
        ("1e999999999", None),
        ("1e-999999999", None),
        (True, None),
    ],
    ids=repr,
)
def test_a_whole_number_may_carry_a_point_zero(raw: object, number: int | None) -> None:
    assert number == values.whole(raw)


def test_times_are_sent_as_milliseconds_of_any_zone() -> None:
    rome = timezone(timedelta(hours=2))

    assert (
        "1777896000000" == values.milliseconds(NOON) == values.milliseconds(NOON.astimezone(rome))
    )


@pytest.mark.parametrize(
    ("version", "objects", "links", "properties", "schemas"),
    [
        (
            "2026-09",
            "/crm/objects/2026-09/0-1/batch/read",
            "/crm/associations/2026-09/2-1/0-1/batch/read",
            "/crm/properties/2026-09/0-1",
            "/crm-object-schemas/2026-09/schemas",
        ),
        (
            "v3",
            "/crm/v3/objects/0-1/batch/read",
            "/crm/v4/associations/2-1/0-1/batch/read",
            "/crm/v3/properties/0-1",
            "/crm-object-schemas/v3/schemas",
        ),
    ],
)
def test_both_path_styles(
    version: str, objects: str, links: str, properties: str, schemas: str
) -> None:
    paths = Paths(version)

    assert objects == paths.objects("0-1", "batch", "read")
    assert links == paths.associations("2-1", "0-1", "batch", "read")
    assert (properties, schemas) == (paths.properties("0-1"), paths.schemas())


def test_batches_hold_each_id_once_and_no_more_than_hubspot_takes() -> None:
    made = list(requests.batches([str(n % 150) for n in range(300)]))

    assert [100, 50] == [len(batch) for batch in made]


def test_a_property_that_hubspot_left_out_is_unreadable_and_not_zero() -> None:
    """An archived property is left out of the answer; its balance must never be taken for 0."""
    held = {name: "1" for name in PORTAL.names(Kind.CONTACT).values() if name != "cs_credits"}

    contact = records.read_counted(PORTAL, Kind.CONTACT, {"id": 7, "properties": held})

    assert ["cs_credits"] == list(contact.unreadable)
    assert "doctor" in contact.unreadable[PORTAL.catalogue.keys[1]]
    assert "7" == contact.id


def test_a_renamed_property_is_read_and_written_under_its_own_name() -> None:
    portal = Portal(renamed={Kind.BOOKING: {"is_active": "state"}})

    booking = records.read_booking(
        portal, {"id": "1", "properties": {"state": "Completed", "is_active": "Active"}}, (), ()
    )
    body = requests.cancel_body(portal, ["1"], marker="op-1")

    assert BookingStatus.COMPLETED is booking.status
    written = {"state": "Cancelled", "credit_desk_last_write": "op-1"}
    assert written == body["inputs"][0]["properties"]


def test_a_note_is_escaped_keeps_its_lines_and_ends_in_its_marker() -> None:
    note = Note(
        contact_id=ContactId("7"), marker="op <1>", text="a <b>\nc & d" + "x" * 70_000, at=NOON
    )

    body = requests.note_html(note)

    assert body.startswith("<p>a &lt;b&gt;<br>c &amp; d")
    assert len(body) < 65_536
    assert requests.has_marker(body, "op <1>")
    assert not requests.has_marker(body, "op <")
    assert requests.has_marker("<div><span>note</span>op &lt;1&gt;<br></div>", "op <1>")
    assert requests.has_marker("note\nop 1", "op 1")


def test_histories_are_newest_first_however_hubspot_sends_them() -> None:
    told = {
        "propertiesWithHistory": {
            MARKER: [
                {"value": "old", "timestamp": "2026-05-04T12:00:00Z"},
                {"value": "new", "timestamp": "2026-05-04T12:00:01Z", "updatedByUserId": 61},
                {"value": None, "timestamp": "2026-05-04T11:00:00Z"},
                {"value": "nowhen"},
            ]
        }
    }

    history = records.read_history(PORTAL, Kind.CONTACT, told, [MARKER, "cs_credits"])

    assert history is not None
    assert ["new", "old", ""] == [version.value for version in history[MARKER]]
    assert ("61", ()) == (history[MARKER][0].user_id, history["cs_credits"])
    assert records.read_history(PORTAL, Kind.CONTACT, {}, [MARKER]) is None


@pytest.mark.parametrize("refunded", [None, True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_no_search_of_bookings_breaks_hubspots_limits(count: int, refunded: bool | None) -> None:
    narrow = BookingFilter(
        statuses=tuple(BookingStatus)[:count],
        mock_type="Clinical Skills",
        exam_date_from=date(2026, 5, 1),
        exam_date_to=date(2026, 6, 1),
        location="Rome",
        token="Shared Token",
        refunded=refunded,
    )

    groups = searches.bookings_body(PORTAL, narrow, above="0")["filterGroups"]
    lengths = [len(group["filters"]) for group in groups]

    assert 1 <= len(groups) <= 5
    assert max(lengths) <= 6
    assert sum(lengths) <= 18
    assert all("hs_object_id" in str(group) and "BETWEEN" in str(group) for group in groups)


def test_one_end_of_a_range_of_days_is_enough() -> None:
    def operators(first: date | None, last: date | None) -> list[str]:
        body = searches.exams_body(PORTAL, first, last, after=0)
        return [one["operator"] for group in body["filterGroups"] for one in group["filters"]]

    day = date(2026, 5, 4)

    assert ["GTE"] == operators(day, None)
    assert ["LTE"] == operators(None, day)
    assert ["BETWEEN"] == operators(day, day)
    assert [] == operators(None, None)


def test_a_number_too_long_for_an_id_is_only_searched_as_words() -> None:
    assert 1 == len(list(searches.contacts_bodies(PORTAL, "9" * 30, limit=20)))
    assert 2 == len(list(searches.contacts_bodies(PORTAL, "1001", limit=20)))


def test_every_kind_has_its_properties() -> None:
    assert set(Kind) == set(PROPERTIES)
    assert "cs_credits" in PORTAL.names(Kind.CONTACT)


@pytest.mark.parametrize("odd", [3, 3.0, True, ["3"], {"value": "3"}], ids=repr)
def test_a_counter_of_another_json_type_is_read_or_named_and_stops_nothing(odd: object) -> None:
    told = {"id": "1", "properties": {"sj_credits": odd, "cs_credits": "2", "email": odd}}

    contact = records.read_counted(PORTAL, Kind.CONTACT, told)

    assert 2 == contact.balances[CreditType("cs_credits")]
    assert ("sj_credits" in contact.balances) is (odd in (3, 3.0) and odd is not True)
    assert ("sj_credits" in contact.unreadable) is ("sj_credits" not in contact.balances)


def test_an_unreadable_counter_of_64_kb_is_told_in_a_line() -> None:
    told = {"id": "1", "properties": {"sj_credits": "9" * 65_536}}

    contact = records.read_counted(PORTAL, Kind.CONTACT, told)

    assert "65,536 characters" in contact.unreadable[CreditType("sj_credits")]
    assert len(contact.unreadable[CreditType("sj_credits")]) < 250
