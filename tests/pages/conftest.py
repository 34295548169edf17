"""Pages run as a browser would run them, over fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from pages.shared import pace
from pages.shared.places import Place
from scripts.processes import ROOT
from tests.pages.stage import ADMIN, Stage, come_in, fill, signed_in, stage

#: Opens a page as somebody, at an address.
Open = Callable[..., AppTest]


@pytest.fixture
def made() -> Iterator[Stage]:
    """A small school, and its core beneath the pages."""
    made = stage()
    fill(made, contacts=80, exams=12)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def open_page(made: Stage) -> Open:
    """Without the first look of a session at its figures alone."""

    def open_(place: Place, *, who: dict[str, Any] | None = None, **params: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        just_now = {"email": ADMIN, "iat": made.clock().timestamp()}
        if who != {}:
            at.user = dict(come_in(made.journal, signed_in(**(just_now | (who or {})))))
        at.session_state[pace.PAINTED] = True
        at.run()
        for name, value in params.items():
            at.query_params[name] = value
        return at.switch_page(str(ROOT / place.path)).run()

    return open_
