"""What Streamlit does again in each rerun, done once, by the clock, or only as far as it is asked.

By its profile it spent a fifth of a rerun on collecting garbage after it (``runner.postScriptGC``),
1 ms on telling the browser its theme anew, and another on making a dictionary of all that a session
holds whenever a field with a key is drawn. The last two are inside of Streamlit 1.67: a test holds
ours to what Streamlit itself answers.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.common import is_element_id
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX

from core.work.periodic_thread import PeriodicThread

#: Between two collections of garbage, each a tenth of a second long. A busy server leaves some
#: megabytes behind meanwhile.
EVERY_S = 10.0
Fill = Callable[[CustomThemeConfig, str], None]


@dataclass(slots=True)
class Collector:
    """Collects only when something was made since the last time: an idle server rests."""

    _young: int = 0

    def collect(self) -> None:
        """All that nobody can reach."""
        young = gc.get_stats()[0]["collections"]
        if young != self._young:
            gc.collect()
            self._young = young


def collecting() -> PeriodicThread:
    """The thread that collects garbage for as long as the server lives."""
    return PeriodicThread("garbage", Collector().collect, EVERY_S)


@dataclass(frozen=True, slots=True)
class ThemeOnce:
    """Fills a message with a part of the theme; each part is read from the settings once, so a
    change of them counts from the next start on, like every other setting.
    """

    #: Streamlit's own.
    fill: Fill
    _filled: dict[str, CustomThemeConfig] = field(default_factory=dict)

    def __call__(self, message: CustomThemeConfig, section: str = "theme") -> None:
        """Into an empty message, or one of which only other parts are filled."""
        if section not in self._filled:
            filled = CustomThemeConfig()
            self.fill(filled, section)
            self._filled[section] = filled
        if (filled := self._filled[section]).ListFields():
            message.MergeFrom(filled)


@dataclass(frozen=True, slots=True)
class Held(Mapping[str, Any]):
    """What a session holds by the keys of people, looked up one by one."""

    state: SessionState
    #: Streamlit's own dictionary of it.
    whole: Callable[[SessionState], dict[str, Any]]

    def __getitem__(self, key: str) -> Any:
        if is_element_id(key) or key.startswith(STREAMLIT_INTERNAL_KEY_PREFIX):
            raise KeyError(key)
        return self.state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole(self.state))

    def __len__(self) -> int:
        return len(self.whole(self.state))

    def __repr__(self) -> str:
        return repr(self.whole(self.state))


def install() -> None:
    """For all sessions from now on."""
    fill = app_session._populate_theme_msg  # noqa: SLF001
    app_session._populate_theme_msg = ThemeOnce(fill)  # type: ignore[assignment]  # noqa: SLF001
    whole = vars(SessionState)["filtered_state"].fget
    SessionState.filtered_state = property(lambda state: Held(state, whole))  # type: ignore[assignment,method-assign]
