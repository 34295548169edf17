"""How the desk says things: counts with their units, times, changes, states. Pure."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from core.credits.catalogue import Catalogue, CreditType
from core.credits.records import TOTAL_BOOKINGS
from core.operations.kinds.registry import NAMES
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind, Verdict

#: Control characters, and two of Unicode's own that end a line.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Marks and overrides of direction, and what has no width. The joiners of Persian names stay.
_TURNS = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
#: What Streamlit makes a link of, escaped or not, when a name follows; and what keeps it from it.
_LINKS = re.compile(r"https?://|www(?=\.)", re.IGNORECASE)
WORD_JOINER = "\N{WORD JOINER}"
#: A count with its unit, and how much of one a card shows on a telephone.
_COUNT = re.compile(r"([+-]?[\d,]+) ([a-z]+)")
FIGURE_MAX = 12
#: Between a balance before and after.
ARROW = "→"
#: Where there is nothing to say.
NOTHING = "–"

#: What an operation of this kind is called.
KIND: Mapping[OperationKind, str] = NAMES
#: A word and a sign for each, so that colour is never the only difference.
VERDICT: dict[Verdict, str] = {
    Verdict.BLOCKED: "✕ Blocked",
    Verdict.SKIP: "– Skipped",
    Verdict.WILL_CHANGE: "✓ Will change",
    Verdict.EXCLUDED: "◌ Excluded",
}
OPERATION: dict[OperationState, str] = {
    OperationState.AWAITING: "Awaiting approval",
    OperationState.HELD: "Starting soon",
    OperationState.RUNNING: "Running",
    OperationState.STOPPING: "Stopping",
    OperationState.DONE: "Finished",
    OperationState.STOPPED: "Stopped",
    OperationState.CALLED_OFF: "Withdrawn",
}
ITEM: dict[ItemState, str] = {
    ItemState.FAILED: "✕ Failed",
    ItemState.BLOCKED: "✕ Blocked",
    ItemState.UNDECIDED: "? Undecided",
    ItemState.STOPPED: "◦ Not started",
    ItemState.SKIPPED: "– Skipped",
    ItemState.EXCLUDED: "◌ Excluded",
    ItemState.DISMISSED: "◌ Dismissed",
    ItemState.PENDING: "◦ Waiting",
    ItemState.CLAIMED: "• In progress",
    ItemState.CANCELLED: "• Cancelled, credit pending",
    ItemState.GIVEN_BACK: "• Flag pending",
    ItemState.DONE: "✓ Done",
}

assert VERDICT.keys() == set(Verdict), "every verdict has its word"
assert OPERATION.keys() == set(OperationState), "every state of an operation has its word"
assert ITEM.keys() == set(ItemState), "every state of an item has its word"


def count(n: int, noun: str, plural: str = "") -> str:
    """A number with its unit: "1 credit", "1,312 credits"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def fitting(label: str, figure: str) -> tuple[str, str]:
    """A figure for a narrow card: a long count leaves its unit to the label."""
    found = _COUNT.fullmatch(figure)
    if found is None or len(figure) <= FIGURE_MAX:
        return label, figure
    return f"{label}, {found[2]}", found[1]


def attention(n: int) -> str:
    """Of rows: "1 needs attention", "5 need attention"."""
    return f"{count(n, 'needs', 'need')} attention"


def change(before: int | None, after: int | None) -> str:
    """A balance before and after, "4 → 5"; "–" when nothing is known."""
    if before is None or after is None:
        return NOTHING
    return f"{before:,} {ARROW} {after:,}"


def credit(key: CreditType | None, catalogue: Catalogue) -> str:
    """A credit type as people call it."""
    if key is None:
        return NOTHING
    if key == TOTAL_BOOKINGS:
        return "Seats taken"
    return next((c.label for c in catalogue.credits if c.key == key), key)


def span(length: timedelta) -> str:
    """A length of time, to the two figures that matter: "8 s", "3 min 20 s", "2 h 5 min"."""
    seconds = max(0, round(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 1:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min {seconds % 60} s" if minutes < 10 else f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min"
    return count(days, "day")


def short(seconds: float) -> str:
    """A time, however short: "24 ms", "1.3 s", "2 min 5 s"; "" where it is not a number."""
    if math.isnan(seconds):
        return ""
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if round(seconds, 1) < 10 else span(timedelta(seconds=seconds))


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in one unit: "just now", "12 s ago", "3 min ago", "2 days ago"."""
    seconds = (now - then).total_seconds()
    if seconds < 5:
        return "just now"
    for size, unit in ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{count(n, unit) if unit == 'day' else f'{n} {unit}'} ago"
    return "just now"


def exact(when: datetime, zone: tzinfo = UTC) -> str:
    """The time itself, in the reader's zone: "4 May 2026, 14:03:22 UTC"."""
    return f"{when.astimezone(zone):%-d %b %Y, %H:%M:%S %Z}"


def day(when: date | None) -> str:
    """A day: "4 May 2026"."""
    return f"{when:%-d %b %Y}" if when else NOTHING


def sentence(text: str) -> str:
    """With a capital at its head; the rest, names say, stays as it is.

    An address, a property and an option begin as they are written.
    """
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    if "@" in first or "_" in first or first.startswith("-"):
        return text
    return f"{text[:1].upper()}{text[1:]}"


def lowered(text: str) -> str:
    """Without a capital at its head, to stand within a sentence."""
    return f"{text[:1].lower()}{text[1:]}"


def either(people: Sequence[str]) -> str:
    """Addresses to choose from, as Markdown shows them: "ann@x.test or bob@x.test"."""
    return " or ".join(map(plain, people))


def straight(text: str) -> str:
    """Text of others without what breaks a line, or turns the rest of it around."""
    return _TURNS.sub("", _BREAKS.sub(" ", text))


def plain(text: str) -> str:
    """Text of others, so that Markdown shows it as it is."""
    unlinked = _LINKS.sub(f"\\g<0>{WORD_JOINER}", straight(text))
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])", r"\\\1", unlinked)


def escaped(text: str) -> str:
    """Text of others, so that HTML shows it as it is."""
    return html.escape(straight(text))


def relative(then: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """HTML: how long ago, with the exact time on hover."""
    title = html.escape(exact(then, zone))
    return f'<time datetime="{then.isoformat()}" title="{title}">{ago(then, now)}</time>'
