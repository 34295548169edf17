"""A long list read at several places at once: every record once, whatever the ids and cursors."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.credits.errors import OutcomeUnknown, Refused
from core.credits.records import Kind
from core.drift import spans
from core.drift.listing import ListReader
from core.drift.seen_ids import SeenIds
from core.hubspot.ports.crm import Crm, Extent, Listed
from core.work.inline_executor import InlineExecutor

#: How HubSpot may name the next page by the last id of this one.
CURSORS: dict[str, Callable[[int], str]] = {
    "last": str,
    "next": lambda last: str(last + 1),
    "opaque": lambda last: f"page-{last}",
}


@dataclass
class Account:
    """A list of records with these ids, 100 a page or fewer."""

    ids: list[int]
    cursors: str = "last"
    size: int = 100
    #: What a list says that is asked for from an id which was no cursor.
    refuses: bool = False
    given: set[str] = field(default_factory=lambda: {""})
    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listed(self, _: Kind, *, after: str = "") -> Listed:
        with self._lock:
            self.calls += 1
            known = after in self.given
        if not known and (self.refuses or self.cursors == "opaque"):
            raise Refused(f"{after} is no cursor")
        number = int(after.removeprefix("page-") or 0)
        held = [n for n in self.ids if (n >= number if self.cursors == "next" else n > number)]
        page = held[: self.size]
        following = CURSORS[self.cursors](page[-1]) if len(held) > self.size else ""
        with self._lock:
            self.given.add(following)
        return Listed(ids=tuple(map(str, page)), after=following)

    listed_ids: Any = None

    def __post_init__(self) -> None:
        def alone(kind: Kind, *, after: str = "") -> tuple[list[str], str]:
            page = self.listed(kind, after=after)
            return list(page.ids), page.after

        self.listed_ids = alone

    def reader(self, at_once: int = 8, pool: Executor | None = None) -> ListReader:
        extent = Extent(total=len(self.ids), highest=max(self.ids, default=0))
        pool = pool or InlineExecutor()
        return ListReader(
            crm=cast("Crm", self), kind=Kind.CONTACT, extent=extent, pool=pool, at_once=at_once
        )


class OutOfOrder(InlineExecutor):
    """Each answer is there only when it is waited for, and by chance before those asked earlier."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def answer() -> None:
            done = InlineExecutor.submit(self, fn, *args, **kwargs)
            if (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        self.waiting.append(answer)
        return future

    def some(self) -> None:
        """One at least comes now."""
        for _ in range(self.rng.randint(1, len(self.waiting))):
            self.waiting.pop(self.rng.randrange(len(self.waiting)))()


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short lists are split as well."""
    monkeypatch.setattr(spans, "WORTH_SPLITTING", 12)


def read(account: Account, saved: str = "", *, at_once: int = 8, seed: int | None = None) -> Any:
    """What is listed, in its order, with what is left after each part."""
    pool = InlineExecutor() if seed is None else OutOfOrder(seed)
    parts = account.reader(at_once, pool).parts(saved)
    return [(part.ids, part.left) for part in parts]


@given(
    ids=st.sets(st.integers(1, 4000), max_size=200).map(sorted),
    ahead=st.sampled_from([0, 0, 10**9]),
    cursors=st.sampled_from(list(CURSORS)),
    size=st.integers(1, 9),
    at_once=st.integers(1, 8),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_every_record_comes_once_also_when_it_is_gone_on_with(
    ids: list[int],
    ahead: int,
    cursors: str,
    size: int,
    at_once: int,
    seed: int,
    data: st.DataObject,
) -> None:
    """``ahead``: some ids are much higher than the others, as where HubSpot began to count anew."""
    every = ids + [ahead + n for n in ids[:20] if ahead]
    account = Account(every, cursors, size)
    pool = OutOfOrder(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.drift.listing.wait", _waiting(pool))
        parts = [(p.ids, p.left) for p in account.reader(at_once, pool).parts("")]

    told = Counter(id_ for page, _ in parts for id_ in page)
    assert dict.fromkeys(map(str, every), 1) == dict(told)

    n = data.draw(st.integers(0, len(parts)))
    done = [id_ for page, _ in parts[:n] for id_ in page]
    rest = [id_ for page, _ in read(account, parts[n - 1][1] if n else "") for id_ in page]
    assert sorted(map(str, every)) == sorted([*done, *rest])


def _waiting(pool: OutOfOrder) -> Callable[..., Any]:
    from concurrent.futures import wait

    def some(futures: Any, **how: Any) -> Any:
        pool.some()
        return wait(futures, **how)

    return some


def test_a_list_by_ids_is_read_at_several_places_with_few_calls_in_vain() -> None:
    account = Account(list(range(21_000_000_017, 21_000_000_017 + 17 * 30_000, 17)))
    with ThreadPoolExecutor(8) as pool:
        parts = list(account.reader(8, pool).parts(""))

    assert 30_000 == sum(len(part.ids) for part in parts)
    assert max(part.left.count("],[") for part in parts) >= 3, "at several places"
    assert account.calls <= 300 * 1.1


@pytest.mark.parametrize("account", [Account(list(range(1, 3000)), refuses=True)])
def test_where_no_id_is_taken_for_a_cursor_one_page_follows_the_other(account: Account) -> None:
    parts = read(account)

    assert list(map(str, account.ids)) == [id_ for page, _ in parts for id_ in page]
    assert account.calls == 30 + 2, "one try, and the ids alone"


def test_a_list_that_turns_to_another_order_is_not_gone_on_with_where_it_was_split() -> None:
    account = Account(list(range(1, 3000)))
    *_, (_, left) = read(account)[:3]
    assert "],[" in left
    account.cursors = "opaque"
    account.given |= {str(n) for n in range(3000)}

    with pytest.raises(OutcomeUnknown, match="order of their ids"):
        read(account, left)


def test_ids_that_were_listed_are_remembered_exactly() -> None:
    seen = SeenIds()
    seen.add(["30", "7"])
    assert ["8"] == seen.unseen(["7", "8", "30"])
    seen.add(["8"])

    assert ["007", "x", ""] == seen.unseen(["8", "007", "x", ""])
