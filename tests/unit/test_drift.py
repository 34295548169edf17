from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import SCHOOL
from core.credits.records import MARKER, Kind, Version
from core.drift.causes import Cause
from core.drift.differences import Drift, Evidence, Stated, newer_in_mirror, suspects
from core.drift.explain import explain
from core.mirror.rows import ID, SOURCE_TIME, Row, columns

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
NAMES = columns(SCHOOL)[Kind.CONTACT]
CREDIT = "sj_credits"


def row(id_: str = "1", hours_ago: float = 5, **changed: Any) -> Row:
    base: dict[str, object] = dict.fromkeys(NAMES)
    base |= dict.fromkeys(map(str, SCHOOL.keys), 0)
    when = (NOW - timedelta(hours=hours_ago)).isoformat()
    return base | {ID: id_, SOURCE_TIME: when, **changed}


def version(hours_ago: float, source_id: str = "userId:7") -> Version:
    at = NOW - timedelta(hours=hours_ago)
    return Version(value="9", at=at, source="CRM_UI", source_id=source_id, user_id="7")


def evidence(**changed: object) -> Evidence:
    base = Evidence(
        kind=Kind.CONTACT,
        record_id="1",
        read_at=NOW,
        truth=Stated(row=row(sj_credits=2, hours_ago=1)),
        mirror=row(),
    )
    return replace(base, **changed)  # type: ignore[arg-type]


def drift(**changed: object) -> Drift:
    found = explain(evidence(**changed), SCHOOL.keys)
    assert found is not None
    return found


def test_equal_rows_are_no_drift() -> None:
    assert [] == suspects(["1"], {"1": Stated(row=row())}, {"1": row()}, NAMES)
    assert explain(evidence(truth=Stated(row=row()))) is None


def test_what_is_nowhere_is_no_drift() -> None:
    assert [] == suspects(["1"], {}, {}, NAMES)
    assert explain(evidence(truth=None, mirror=None)) is None


def test_a_copy_that_is_due_is_no_drift() -> None:
    assert explain(evidence(due=True)) is None


def test_credits_are_named_before_other_columns() -> None:
    truth = Stated(row=row(email="new@example.test", sj_credits=2))

    assert (CREDIT, "email") == drift(truth=truth).columns


def test_one_moment_written_twice_is_one_moment() -> None:
    held = row(token_refunded_at="2026-05-04T09:00:00+00:00", token_refunded=None)
    truth = row(token_refunded_at="2026-05-04T09:00:00.000000+00:00", token_refunded=False)

    assert [] == suspects(["1"], {"1": Stated(row=truth)}, {"1": held}, NAMES)


SAME_VERSION = Stated(row=row(sj_credits=2))


@pytest.mark.parametrize(
    ("cause", "changed"),
    [
        (Cause.COPY_FAILED, {"failed": "the mirror refused it", "failed_since": NOW}),
        (Cause.MISSING_ROW, {"mirror": None}),
        (Cause.CONTACT_MERGED, {"mirror": None, "made_by_merge": True}),
        (Cause.CONTACT_MERGED, {"truth": Stated(row=row("2"))}),
        (Cause.ORPHAN_ROW, {"truth": None}),
        (Cause.CONTACT_GONE, {"truth": None, "archived": True}),
        (Cause.UNREADABLE_VALUE, {"truth": Stated(row=row(), unreadable={CREDIT: "abc"})}),
        (Cause.CHANGED_IN_HUBSPOT, {"history": {CREDIT: (version(1),)}}),
        (Cause.CHANGED_IN_HUBSPOT, {"history": None}),
        (
            Cause.OLDER_COPY,
            {"history": {CREDIT: (version(1, "us"),), MARKER: (version(1, "us"),)}},
        ),
        # another app with our token: the same source, and no marker of that moment
        (
            Cause.CHANGED_IN_HUBSPOT,
            {"history": {CREDIT: (version(1, "us"),)}, "ours": frozenset({"us"})},
        ),
        (
            Cause.CHANGED_IN_HUBSPOT,
            {"history": {CREDIT: (version(1, "us"),), MARKER: (version(3, "us"),)}},
        ),
        # a cron of another app copied what it had read before our write
        (
            Cause.OLDER_COPY,
            {
                "truth": SAME_VERSION,
                "history": {CREDIT: (replace(version(9), value="2"), version(20))},
                "mirror": row(
                    sj_credits=0,
                    updated_at=NOW.isoformat(),
                    synced_at="2026-05-04T08:00:00+00:00",
                ),
            },
        ),
        # the same, into a row that the desk never wrote
        (
            Cause.OLDER_COPY,
            {
                "truth": SAME_VERSION,
                "history": {CREDIT: (replace(version(9), value="2"), version(20))},
                "mirror": row(sj_credits=0, source_modified_at=None),
            },
        ),
        (
            Cause.CHANGED_IN_MIRROR,
            {
                "truth": SAME_VERSION,
                "history": {CREDIT: (version(9),)},
                "mirror": row(
                    sj_credits=4,  # which HubSpot never held
                    updated_at=NOW.isoformat(),
                    synced_at="2026-05-04T08:00:00+00:00",
                ),
            },
        ),
        (Cause.UNEXPLAINED, {"truth": SAME_VERSION}),
    ],
)
def test_the_cause_follows_from_the_evidence(cause: Cause, changed: dict[str, object]) -> None:
    found = drift(**changed)

    assert cause is found.cause
    assert found.evidence


@pytest.mark.parametrize("before", [(), ("0",), ("7", ""), ("0.0", "3"), ("3",)])
def test_a_copy_that_was_read_just_before_somebody_wrote_is_named_by_who_wrote(
    before: tuple[str, ...],
) -> None:
    """The desk's write of another credit gave the row a later time than the change it lacks."""
    written, long_ago = version(2), NOW - timedelta(hours=9)
    older = (Version(value=value, at=long_ago) for value in before)
    history = {CREDIT: (replace(written, value="2"), *older)}
    found = drift(
        truth=Stated(row=row(sj_credits=2, hours_ago=1)), mirror=row(hours_ago=1), history=history
    )

    assert (Cause.CHANGED_IN_HUBSPOT, written.at) == (found.cause, found.since)
    assert "user 7" in found.evidence


@pytest.mark.parametrize("before", [("", ""), ("false", "1777885200000"), ("true", "")])
def test_a_mark_that_another_job_made_old_again_is_named_by_who_set_it(
    before: tuple[str, str],
) -> None:
    """It copied what it had read before, and stamped it as a copy: only the history tells."""
    written, long_ago = version(2), NOW - timedelta(hours=9)
    mark, at = before
    history = {
        "token_refunded": (
            replace(written, value="false" if mark == "true" else "true"),
            Version(value=mark, at=long_ago),
        ),
        "token_refunded_at": (
            replace(written, value="1777888800000"),
            Version(value=at, at=long_ago),
        ),
    }
    times = "2026-05-04T10:00:00+00:00", "2026-05-04T09:00:00+00:00" if at else None
    truth = row(hours_ago=1, token_refunded=mark != "true", token_refunded_at=times[0])
    held = row(hours_ago=1, token_refunded=mark == "true", token_refunded_at=times[1])

    found = drift(kind=Kind.BOOKING, truth=Stated(row=truth), mirror=held, history=history)

    assert (Cause.CHANGED_IN_HUBSPOT, written.at) == (found.cause, found.since)
    assert "had read the value before" in found.evidence


@pytest.mark.parametrize(("value", "cause"), [("9", Cause.UNEXPLAINED), ("2", Cause.OLDER_COPY)])
def test_a_version_later_than_the_truth_counts_only_if_it_is_what_was_read(
    value: str, cause: Cause
) -> None:
    later = replace(version(0.5), value=value)
    marker = replace(later, value="w")
    found = drift(truth=SAME_VERSION, history={CREDIT: (later,), MARKER: (marker,)})

    assert cause is found.cause


def test_a_value_that_hubspot_never_held_is_explained_by_none_of_its_versions() -> None:
    history = {CREDIT: (version(2), Version(value="5", at=NOW - timedelta(hours=9)))}
    found = drift(mirror=row(hours_ago=1, sj_credits=4), history=history)

    assert Cause.UNEXPLAINED is found.cause


def test_a_copys_own_two_stamps_are_no_edit_of_the_mirror() -> None:
    copied = {
        "synced_at": (NOW - timedelta(hours=1)).isoformat(),
        "updated_at": (NOW - timedelta(hours=1) + timedelta(microseconds=3)).isoformat(),
    }

    assert Cause.UNEXPLAINED is drift(mirror=row(hours_ago=1, **copied)).cause


def test_both_values_and_the_age_are_told() -> None:
    found = drift(history={CREDIT: (version(1),)})

    assert ({CREDIT: 2}, {CREDIT: 0}) == (found.truth, found.mirror)
    assert NOW - timedelta(hours=1) == found.since


counts = st.integers(min_value=0, max_value=3)


@given(st.dictionaries(st.sampled_from([str(key) for key in SCHOOL.keys]), counts), st.booleans())
def test_exactly_the_columns_that_differ_are_named(changes: dict[str, int], edited: bool) -> None:
    truth = {**row(hours_ago=1), **changes}
    held = {**row(), **({"updated_at": NOW.isoformat()} if edited else {})}
    wrong = {name for name, value in changes.items() if value}

    found = explain(evidence(truth=Stated(row=truth), mirror=held))

    assert wrong == set(found.columns if found else ())
    assert bool(wrong) == bool(suspects(["1"], {"1": Stated(row=truth)}, {"1": held}, NAMES))


def test_of_many_alike_the_one_that_differs_is_found() -> None:
    ids = [str(n) for n in range(2_000)]
    truth = {id_: Stated(row=row(id_)) for id_ in ids}
    mirror = {id_: row(id_) for id_ in ids} | {"77": row("77", sj_credits=1)}

    assert ["77"] == suspects(ids, truth, mirror, NAMES)


@pytest.mark.parametrize("column", [SOURCE_TIME, "synced_at", "updated_at"])
@pytest.mark.parametrize(
    "odd", ["2026-05-04T04:00:00", "2026-05-04T04:00:00.123", "infinity", "-infinity", "soon", 7]
)
def test_a_time_of_any_form_in_the_mirror_stops_no_comparison(column: str, odd: object) -> None:
    """A table from before the desk has its times without a zone; PostgreSQL knows infinity."""
    held = {**row(), column: odd}
    truth = Stated(row=row(sj_credits=2, hours_ago=1))

    newer_in_mirror(truth, held)
    assert ["1"] == suspects(["1"], {"1": truth}, {"1": held}, NAMES)
    assert (CREDIT,) == drift(truth=truth, mirror=held).columns


BOOKING_TOO = NAMES | {"token_refunded_at"}


def test_a_mirror_time_without_a_zone_is_utc() -> None:
    held = row(token_refunded_at="2026-05-04T09:00:00")
    truth = row(token_refunded_at="2026-05-04T09:00:00.000000+00:00")

    assert [] == suspects(["1"], {"1": Stated(row=truth)}, {"1": held}, BOOKING_TOO)
    assert newer_in_mirror(Stated(row=row(hours_ago=5)), {**row(), SOURCE_TIME: "2026-05-04T05:00"})


def test_what_is_no_time_in_the_mirror_differs_from_the_time_in_hubspot() -> None:
    held = row(token_refunded_at="infinity")
    truth = row(token_refunded_at="2026-05-04T09:00:00+00:00")

    assert ["1"] == suspects(["1"], {"1": Stated(row=truth)}, {"1": held}, BOOKING_TOO)
