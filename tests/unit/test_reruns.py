"""What Streamlit would do in each rerun is done less often, with the same result."""

from __future__ import annotations

import gc
import tomllib
import weakref

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig, NewSession
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import app_session
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.common import WidgetMetadata

from pages.shared.reruns import Collector, Fill, Held, ThemeOnce
from scripts.processes import ROOT

SECTIONS = ("theme", *(f"theme.{each.value}" for each in config.CustomThemeCategories))
#: Streamlit's own names of widgets.
WITH_KEY, WITHOUT_KEY = "$$ID-0123-kind", "$$ID-4567-None"


class Cycle:
    """Reachable by nobody but itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_made_since_the_last_time_is_collected() -> None:
    collector = Collector()
    gone = weakref.ref(Cycle())
    gc.collect(0)  # as happens by itself when some hundreds of objects were made

    collector.collect()

    assert gone() is None


def test_nothing_is_looked_through_while_nothing_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, times = Collector(), list[int]()
    young = iter([5, 5, 6])
    monkeypatch.setattr(gc, "get_stats", lambda: [{"collections": next(young)}])
    monkeypatch.setattr(gc, "collect", lambda: times.append(1))

    seen = []
    for _ in range(3):
        collector.collect()
        seen.append(len(times))

    assert [1, 1, 2] == seen


def test_streamlit_does_not_collect_after_each_rerun() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))

    assert config["runner"]["postScriptGC"] is False


def _message(fill: Fill) -> bytes:
    told = NewSession()
    for section in SECTIONS:
        part: CustomThemeConfig = told.custom_theme
        for name in section.split(".")[1:]:
            part = getattr(part, name)
        fill(part, section)
    told_as: bytes = told.SerializeToString(deterministic=True)
    return told_as


@pytest.fixture
def _our_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config.get_config_options(force_reparse=True)


@pytest.mark.usefixtures("_our_theme")
def test_the_theme_is_told_as_streamlit_tells_it_and_read_once() -> None:
    asked: list[str] = []

    def fill(message: CustomThemeConfig, section: str) -> None:
        asked.append(section)
        app_session._populate_theme_msg(message, section)

    once = ThemeOnce(fill)
    theirs = _message(app_session._populate_theme_msg)

    assert b"#3F4EC4" in theirs
    assert [theirs, theirs] == [_message(once), _message(once)]
    assert list(SECTIONS) == asked


def _session() -> SessionState:
    state = SessionState()
    for id_, key in ((WITH_KEY, "kind"), (WITHOUT_KEY, None)):
        plain: WidgetMetadata[str] = WidgetMetadata(
            id_, lambda value: value or "", str, "string_value"
        )
        state._set_widget_metadata(plain)
        state._new_widget_state.set_widget_from_proto(WidgetState(id=id_, string_value="typed"))
        if key:
            state._set_key_widget_mapping(id_, key)
    state._old_state["kept"] = None
    state["set"] = 3
    state["$$STREAMLIT_INTERNAL_KEY_x"] = "theirs"
    return state


def test_a_session_holds_by_each_key_what_streamlit_finds_there() -> None:
    state = _session()
    theirs = state.filtered_state
    held = Held(state, vars(SessionState)["filtered_state"].fget)

    assert {"kind": "typed", "kept": None, "set": 3} == theirs
    for key in (*theirs, "never set", WITH_KEY, WITHOUT_KEY, "$$STREAMLIT_INTERNAL_KEY_x"):
        assert (key in theirs, theirs.get(key)) == (key in held, held.get(key))
    assert theirs == dict(held)
    assert (len(theirs), str(theirs)) == (len(held), str(held))
