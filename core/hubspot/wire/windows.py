"""Windows of record ids, by which one long search is asked for in parallel.

HubSpot pages a search in order of id and never past 10,000 results. So each page is the first of a
window, and what it leaves of the window is asked for next, in two halves where that helps. Windows
never overlap and leave no id out, so each record is found once, however the ids are distributed.

Each answer also says how many records the window has. Where exactly that many are known to fit by
a read of their own, there is no other one among them, and none of them has to be listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.hubspot.wire.searches import CAP, ID_DIGITS_MAX, PAGE_MAX

#: Pages asked for at once: more than HubSpot answers in a second is left waiting for its limit.
AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The record ids above one and up to another."""

    above: int = 0
    upto: int = 10**ID_DIGITS_MAX - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first page of a window, in order of id, and how many records the window has."""

    window: Window
    ids: Sequence[int]
    total: int


@dataclass(slots=True)
class WindowedSearch:
    """What is still to be asked for. ``open`` is asked, all of it, and its answers are ``heard``.

    ``known``: ids, in order, of records that fit for certain.
    """

    known: Sequence[int] = ()
    #: Records on a full page.
    page: int = PAGE_MAX
    open: list[Window] = field(default_factory=lambda: [Window()])

    def heard(self, answers: Iterable[Answer]) -> None:
        """Leave open what these answers leave to ask for."""
        rests = [rest for answer in answers if (rest := self._rest(answer)) is not None]
        rests.sort(key=lambda rest: rest.left, reverse=True)
        room = AT_ONCE - len(rests)
        self.open = []
        for rest in rests:
            if rest.left > rest.listed and (room > 0 or rest.few_unknown):
                self.open += rest.halves(self.known)
                room -= 1
            else:
                self.open.append(rest.window)

    def _rest(self, answer: Answer) -> _Rest | None:
        """What lies behind the page of this answer; None: nothing that is not known."""
        if len(answer.ids) < self.page:
            return None
        window = Window(above=answer.ids[-1], upto=answer.window.upto)
        left = max(answer.total - len(answer.ids), 0)
        first = bisect_right(self.known, window.above)
        last = bisect_right(self.known, window.upto)
        # HubSpot may not count further than it pages; and a count alone ends no list
        if left == last - first > 0 and answer.total < CAP:
            return None
        return _Rest(window=window, left=left, known=range(first, last), page=answer.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What a page leaves of its window."""

    window: Window
    #: How many records it has, as HubSpot counts.
    left: int
    #: Which of those known are in it.
    known: range
    #: The page itself.
    page: Sequence[int]

    @property
    def listed(self) -> int:
        """How many records the page has."""
        return len(self.page)

    @property
    def few_unknown(self) -> bool:
        """Whether halving finds them with fewer pages than listing all would take."""
        unknown = abs(self.left - len(self.known))
        return bool(self.known) and unknown * 4 * self.listed < self.left

    def halves(self, known: Sequence[int]) -> list[Window]:
        """Two windows of about as many records each, as far as can be told; one where it cannot."""
        if self.known:
            middle = known[self.known[len(self.known) // 2]]
        else:  # as if the ids went on as densely as on the page
            span = self.page[-1] - self.page[0]
            middle = self.window.above + span * self.left // (2 * self.listed)
        if not self.window.above < middle < self.window.upto:
            return [self.window]
        return [
            Window(above=self.window.above, upto=middle),
            Window(above=middle, upto=self.window.upto),
        ]
