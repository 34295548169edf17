"""HubSpot's list of all records of a kind, read at several places at once where that is possible.

Whether it is, is found out by trying: the list is asked for from an id in the middle of what is
left, and split there if HubSpot answers with the ids above it. If not, one page follows the other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace

from core.credits.errors import GatewayError, OutcomeUnknown, Refused
from core.credits.records import Kind
from core.drift import spans
from core.drift.spans import Span
from core.hubspot.ports.crm import Crm, Extent, Listed
from core.mirror.by_parts import ODD
from core.mirror.failed_rows import may_be_a_row

log = logging.getLogger(__name__)

#: Pages asked for at once: HubSpot takes up to half a second for one, and allows 19 in a second.
AT_ONCE = 8
#: Calls that may come to nothing while it is looked for where to split, and how many more for each
#: page that was read.
IN_VAIN, IN_VAIN_OF_PAGES = 32, 1 / 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some pages of the list, and what is left of it after them."""

    pages: Sequence[Listed]
    #: To be saved: where to go on.
    left: str

    @property
    def ids(self) -> list[str]:
        """Of all its records, each once."""
        return [id_ for page in self.pages for id_ in page.ids]


@dataclass(slots=True, eq=False)
class _Place:
    """Where the list is being read."""

    span: Span
    #: Whether its next page is asked for; whether it is tried to split it.
    asked: bool = False
    splitting: bool = False


@dataclass(slots=True, kw_only=True)
class ListReader:
    """Reads one kind from where it was left to its end. Used once, by one thread."""

    crm: Crm
    kind: Kind
    extent: Extent
    pool: Executor
    at_once: int = AT_ONCE
    _places: list[_Place] = field(default_factory=list)
    #: What is under way, in the order in which it was asked for; the id where to split, of a try.
    _asked: dict[Future[Listed], tuple[_Place, int | None]] = field(default_factory=dict)
    #: Whether the list is known not to go by ids.
    _serial: bool = False
    _pages: int = 0
    _read: int = 0
    _in_vain: int = 0

    def parts(self, saved: str) -> Iterator[Part]:
        """All that is left, in parts as they come.

        Raises:
            GatewayError: HubSpot did not answer, or not in the order in which it began.
        """
        self._places = [_Place(span) for span in spans.load(saved)]
        self._ask()
        while self._asked:
            came = wait(self._asked, return_when=FIRST_COMPLETED).done
            pages = [self._taken(each) for each in list(self._asked) if each in came]
            self._ask()  # the next ones are on their way while these are worked on
            if some := [page for page in pages if page is not None]:
                yield Part(pages=some, left=spans.dump([place.span for place in self._places]))

    def _ask(self) -> None:
        for place in [place for place in self._places if not place.asked]:
            if len(self._asked) < self.at_once:
                place.asked = True
                self._asked[self.pool.submit(self._page, place.span.cursor)] = place, None
        while len(self._asked) < self.at_once and (found := self._to_split()):
            at, place = found
            place.splitting = True
            self._asked[self.pool.submit(self._page, str(at))] = place, at

    def _to_split(self) -> tuple[int, _Place] | None:
        """The widest place that nobody tries to split yet, and the id in its middle."""
        few = self.extent.total - self._read < spans.WORTH_SPLITTING
        if self._serial or few or self._in_vain > IN_VAIN + self._pages * IN_VAIN_OF_PAGES:
            return None
        found = [
            (at, place)
            for place in self._places
            if not place.splitting
            and (at := spans.middle(place.span, self.extent.highest)) is not None
        ]
        return max(found, key=lambda each: each[0] - each[1].span.above, default=None)

    def _taken(self, answer: Future[Listed]) -> Listed | None:
        """What an answer is to its place; None when nothing of it is new."""
        place, at = self._asked.pop(answer)
        made = self._next(place, answer.result()) if at is None else self._split(place, at, answer)
        if not made:
            return None
        self._pages += 1
        self._read += len(made)
        return replace(answer.result(), ids=made)

    def _next(self, place: _Place, page: Listed) -> tuple[str, ...]:
        place.asked = False
        step = spans.step(place.span, page.ids, page.after)
        if step is None:
            raise OutcomeUnknown("HubSpot no longer lists its records in the order of their ids")
        if step.left is None:
            self._places.remove(place)
        else:
            place.span = step.left
        return step.ids

    def _split(self, place: _Place, at: int, answer: Future[Listed]) -> tuple[str, ...]:
        """The ids above this one, of which another place goes on; nothing where it failed."""
        place.splitting = False
        self._in_vain += 1
        if place not in self._places or place.span.above >= at:
            return ()  # it was read meanwhile
        upper = spans.begun_at(place.span, at)
        step = None
        if not isinstance(answer.exception(), Refused):
            page = answer.result()
            step = spans.step(upper, page.ids, page.after, strict=True)
        if step is None:
            log.info("HubSpot lists no %s from any id: page by page", self.kind)
            self._serial = True
            return ()
        place.span = replace(place.span, until=at)
        if step.left is not None:
            self._places.append(_Place(step.left))
        if step.ids:
            self._in_vain -= 1
        return step.ids

    def _page(self, cursor: str) -> Listed:
        """With the records; where one of them makes that impossible, the ids alone."""
        try:
            return self.crm.listed(self.kind, after=cursor)
        except GatewayError as error:
            if not may_be_a_row(error):
                raise
            log.warning("a page of %s is not listed with its values: %s", self.kind, error)
        except ODD:
            log.exception("a page of %s cannot be read as it is listed", self.kind)
        ids, after = self.crm.listed_ids(self.kind, after=cursor)
        return Listed(ids=tuple(ids), after=after)
