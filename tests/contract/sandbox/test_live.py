"""The moving world: seeded, and through the same doors as everybody else."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot.live import Act, run_live

from .conftest import Sandbox

FAST = 1e9


def acts(hubspot: Sandbox, seed: int, weights: dict[str, float], count: int) -> list[Act]:
    done: list[Act] = []
    run_live(
        hubspot.url, seed=seed, per_second=FAST, acts_max=count, weights=weights, say=done.append
    )
    return done


def test_the_same_seed_moves_the_world_the_same_way(start: Callable[..., Sandbox]) -> None:
    weights = {"book": 1.0, "cancel": 1.0, "edit": 1.0}
    hubspot = start()
    first = acts(hubspot, 3, weights, 30)
    hubspot.begin_again()

    assert first == acts(hubspot, 3, weights, 30)
    assert {"book", "cancel", "edit"} <= {act.kind for act in first}


def test_a_booking_spends_a_credit_under_the_name_of_the_student_app(hubspot: Sandbox) -> None:
    booked = next(act for act in acts(hubspot, 1, {"book": 1.0}, 20) if act.kind == "book")

    ends = hubspot.get(f"/crm/v4/objects/2-50158943/{booked.id}/associations/0-1")["results"]
    contact = ends[0]["toObjectId"]
    histories = [hubspot.history(contact, name) for name in ("sj_credits", "cs_credits")]
    newest = max((history[0] for history in histories), key=lambda one: str(one["timestamp"]))
    assert ("INTEGRATION", "Student app") == (newest["sourceType"], newest["sourceLabel"])


def test_people_merge_and_archive(hubspot: Sandbox) -> None:
    done = acts(hubspot, 5, {"merge": 1.0, "archive": 1.0}, 8)

    assert {"merge", "archive"} <= {act.kind for act in done}
    assert "refused" not in {act.kind for act in done}
