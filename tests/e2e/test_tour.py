"""The way that docs/tour.md shows, for somebody who has read nothing but the sign-in page."""

from __future__ import annotations

from core.credits.catalogue import SCHOOL
from scripts import tour
from tests.crash.waiting import wait_for
from tests.e2e.conftest import App
from tests.e2e.person import Person


def test_the_first_refund_is_in_both_stores_after_six_clicks(app: App, stranger: Person) -> None:
    stranger.open("/")
    walk = tour.Walk(stranger.page)
    student = tour.to_a_student(walk)
    balances = [(student, key) for key in SCHOOL.keys]
    before = app.desk.balances(balances)

    promised = tour.refund(walk)
    tour.to_both_stores(walk)

    after = app.desk.balances(balances)
    assert promised == sum(after.values()) - sum(before.values()) > 0
    wait_for(lambda: app.desk.mirrored(balances) == after)
    assert walk.clicks <= 6
    assert not stranger.faults_of_access()
