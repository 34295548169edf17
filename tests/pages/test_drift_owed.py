"""From what is owed, on the drift page, to a refund of it."""

from __future__ import annotations

from core.drift.store.trends_port import Gauge, Measure
from pages.shared.drift import history
from pages.shared.places import DRIFT
from tests.pages import drift_scenes
from tests.pages.conftest import Open
from tests.pages.stage import Stage


def test_the_chart_of_what_is_owed_leads_to_the_list_that_refunds_it(
    open_page: Open, made: Stage
) -> None:
    made.journal.add_measures(
        [
            Measure(at=made.clock(), gauge=Gauge.OWED, of=credit, source="a", value=float(n))
            for credit, n in made.core.owed_credits.count().items()
        ]
    )
    drift_scenes.history(made)

    at = open_page(DRIFT, **{history.TAB: "Refunds owed"})

    labels = [getattr(link, "label", "") for link in at.get("page_link")]
    assert "See and refund what is owed" in labels
