"""How truth and mirror stand by the last sweep, at a glance, with the proof of its completeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from core.credits.errors import UnknownId
from core.drift.causes import Cause
from core.drift.store.trends_port import Gap, Narrow
from core.drift.sweeps import READING, WHOLE, Sweep, SweepMode, SweepState
from core.health.needs import CHECKS
from pages.shared import gate, words
from pages.shared.drift import address
from pages.shared.drift.causes import KINDS, counted, listed
from pages.shared.gate import Desk

MODES = {mode: name.capitalize() for mode, name in CHECKS.items()}
#: A card cuts longer words.
SAME = "as many as before"
#: What their schedules are called.
NAMES = {f"{mode} sweep": mode for mode in SweepMode}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The sweeps that the page speaks of."""

    #: The newest complete one over all records; failing that, over the changed ones.
    newest: Sweep | None
    #: The one before it of the same mode: another mode looks at other records.
    before: Sweep | None
    #: The one whose records are shown: the newest, or the one that the address names.
    shown: Sweep | None
    #: Not ended, newest first.
    open: Sequence[Sweep]
    #: The newest copy of everything that has ended, as long as no check was made.
    copy: Sweep | None = None

    @property
    def modes(self) -> tuple[SweepMode, ...]:
        """Those that the charts are drawn of: sweeps of changes alone find only part of it."""
        alone = self.newest is not None and self.newest.mode not in WHOLE
        return (SweepMode.INCREMENTAL,) if alone else WHOLE


def read(desk: Desk) -> Standing:
    """Two or three cheap queries."""
    recent = desk.core.drift_queries.sweeps(desk.actor, limit=60)
    whole = desk.core.drift_queries.sweeps(desk.actor, modes=WHOLE, limit=20)
    complete = [sweep for sweep in whole if sweep.complete]
    complete = complete or [each for each in recent if each.complete and each.mode in READING]
    newest = complete[0] if complete else None
    wanted = st.query_params.get(address.SWEEP)
    shown = newest if wanted is None else _named(desk, wanted) or newest
    return Standing(
        newest=newest,
        before=next((each for each in complete[1:] if each.mode is complete[0].mode), None),
        shown=shown,
        open=_open(recent),
        copy=None if newest else next(filter(_ended_copy, recent), None),
    )


def _named(desk: Desk, id_: str) -> Sweep | None:
    """None for one that is forgotten, was never there, or did not end."""
    try:
        sweep = desk.core.drift_queries.sweep(id_, desk.actor)
    except UnknownId:
        return None
    return sweep if sweep.complete else None


def _ended_copy(sweep: Sweep) -> bool:
    return sweep.mode not in READING and sweep.ended


def _open(recent: Sequence[Sweep]) -> list[Sweep]:
    """At most one of each mode, which the journal sees to."""
    return [sweep for sweep in recent if not sweep.ended]


def show(desk: Desk, standing: Standing, acts: Callable[[], None]) -> None:
    """The figures that a manager looks for first, what proves them, and what can be done."""
    sweep = standing.newest
    if sweep is None:
        return
    gaps = desk.core.drift_queries.gaps(sweep.id, desk.actor)
    oldest = desk.core.drift_queries.page(sweep.id, Narrow(), desk.actor, limit=1).rows
    counts = desk.core.drift_queries.counts(sweep.id, desk.actor)
    unread = counts.get(Cause.UNREADABLE_VALUE, 0)
    now, trend = desk.now(), _trend(sweep, standing.before)
    repaired = desk.core.drift_queries.repaired(sweep, desk.actor)
    left = max(0, sweep.drifting - repaired)
    with st.grid(6, min_column_width=150, gap="small"):
        st.metric(
            *words.fitting("Drifting now", words.count(left, "record")),
            f"{repaired:,} repaired since" if repaired else trend or None,
            delta_color="off" if repaired or trend == SAME else "inverse",
            delta_arrow="off" if repaired or trend == SAME else "auto",
            border=True,
            height="stretch",
        )
        for label, value, help_ in (
            ("Unexplained", words.count(sweep.unexplained, "record"), "No known cause"),
            (
                "Oldest drift",
                words.span(now - oldest[0].since) if oldest else words.NOTHING,
                words.exact(oldest[0].since, desk.zone) if oldest else None,
            ),
            ("Credits in Supabase", net_words(gaps, unread), both_words(gaps, unread)),
            ("Compared", words.count(sum(sweep.compared.values()), "record"), proof_of(sweep)),
            (
                "Last check",
                words.ago(sweep.saved_at, now),
                ". ".join(filter(None, (words.exact(sweep.saved_at, desk.zone), next_words(desk)))),
            ),
        ):
            shown = words.fitting(label, value)
            st.metric(*shown, border=True, height="stretch", help=help_)
    told, doing = st.columns([8, 3], vertical_alignment="center")
    told.caption(proof(sweep, gaps, unread))
    with doing.container(horizontal=True, horizontal_alignment="right"):
        acts()


def _trend(sweep: Sweep, before: Sweep | None) -> str:
    """Against the sweep before of the same mode."""
    if before is None:
        return ""
    more = sweep.drifting - before.drifting
    return f"{more:+,} since before" if more else SAME


def net_words(gaps: Sequence[Gap], unread: int) -> str:
    """Of all credits together: "7 too few". ``unread``: records that HubSpot states unreadably."""
    net = sum(gap.difference * gap.contacts for gap in gaps)
    if not net and unread:
        return f"{unread:,} unreadable"
    if not net:
        return "even" if gaps else "as in HubSpot"
    return f"{abs(net):,} too {'many' if net > 0 else 'few'}"


def both_words(gaps: Sequence[Gap], unread: int) -> str:
    """Both directions: a credit too many here does not make good one too few there."""
    many = sum(gap.difference * gap.contacts for gap in gaps if gap.difference > 0)
    few = -sum(gap.difference * gap.contacts for gap in gaps if gap.difference < 0)
    return (
        f"Students see {words.count(many, 'credit')} too many and {words.count(few, 'credit')} "
        f"too few. Only contacts with a balance on both sides are counted{_unread(unread)}"
    )


def _unread(n: int) -> str:
    if not n:
        return ""
    those = words.count(n, "record is", "records are")
    return f"; {those} not, whose value in HubSpot cannot be read"


def proof_of(sweep: Sweep) -> str:
    """Known against compared, kind by kind."""
    parts = (
        f"{sweep.compared.get(kind.value, 0):,} of {sweep.known[kind.value]:,} {name.lower()}s"
        for kind, name in KINDS.items()
        if sweep.known.get(kind.value)
    )
    return listed(parts) or "Nothing was there to compare"


def proof(sweep: Sweep, gaps: Sequence[Gap], unread: int) -> str:
    """What was compared, in how long, and what of it was left out and why."""
    took = words.span(sweep.saved_at - sweep.started_at)
    alone = (
        f"{words.count(sweep.left_alone, 'record')} left alone: the desk was just writing or "
        f"copying {'it' if sweep.left_alone == 1 else 'them'}"
        if sweep.left_alone
        else "none left out"
    )
    told = (
        f":material/verified: {MODES[sweep.mode]}, complete in {took}: {proof_of(sweep)} compared "
        f"on both sides, {alone}."
    )
    return f"{told} {both_words(gaps, unread)}." if gaps or unread else told


def notices(desk: Desk, standing: Standing) -> None:
    """Sweeps that are under way or paused, and one that is overdue."""
    if standing.open:
        _under_way(desk, standing.open)
    for late in desk.core.scheduler.late(desk.now()):
        if late.job in NAMES:
            st.warning(
                f"It was due {words.ago(late.slot, desk.now())}: {words.plain(late.why)}. See "
                "whether a worker is running (Operations, Workers), or run a check now.",
                title=f"{MODES[NAMES[late.job]]}: overdue",
                icon=":material/schedule:",
            )


def next_words(desk: Desk) -> str:
    """When the next one comes by itself; "" when none does."""
    left = next_in(desk)
    return f"The next one starts in {words.span(left)}" if left is not None else ""


def next_in(desk: Desk) -> timedelta | None:
    """How long until the next one comes by itself; None when none does."""
    now = desk.now()
    times = [at for job, at in desk.core.scheduler.next_times(now).items() if job in NAMES]
    return min(times) - now if times else None


@gate.fragment(run_every="2s")
def _under_way(desk: Desk, before: Sequence[Sweep]) -> None:
    """By itself as long as one is under way; the whole page anew when it has ended."""
    now = _open(desk.core.drift_queries.sweeps(desk.actor, limit=20))
    if [sweep.id for sweep in now] != [sweep.id for sweep in before]:
        st.rerun(scope="app")
    for sweep in now:
        _notice(desk, sweep)


def _notice(desk: Desk, sweep: Sweep) -> None:
    copying = sweep.mode not in READING
    told = _sofar(desk, sweep)
    if not copying:
        told = f"{told} The figures below are those of the check before."
    if sweep.state is SweepState.PAUSED:
        again = f" It continues {_when(desk, sweep)}." if sweep.next_try_at else ""
        st.warning(
            f"{words.sentence(words.plain(sweep.error or 'a store went away'))}.{again} What it "
            f"has {'copied' if copying else 'compared'} so far is kept. {told}",
            title=f"{MODES[sweep.mode]} paused",
            icon=":material/pause_circle:",
        )
    else:
        st.info(told, title=f"{MODES[sweep.mode]} in progress", icon=":material/sync:")
    if (foretold := sweep.foretold()) is not None:
        st.progress(foretold.part, text=f"About {words.span(foretold.left)} left")


def _when(desk: Desk, sweep: Sweep) -> str:
    left = (sweep.next_try_at or desk.now()) - desk.now()
    return f"by itself in {words.span(left)}" if left > timedelta(0) else "by itself in a moment"


def _sofar(desk: Desk, sweep: Sweep) -> str:
    doing = "compared" if sweep.mode in READING else "copied or compared"
    done = counted(dict(sweep.compared))
    since = words.ago(sweep.started_at, desk.now())
    if not done:
        by = f" by {words.plain(sweep.asked_by)}" if sweep.asked_by else ""
        return f"Requested {since}{by}; nothing is {doing} yet."
    found = words.count(sweep.drifting, "record")
    drift = f"{found} {'drifts' if sweep.drifting == 1 else 'drift'}"
    return f"Started {since}: {done} {doing}, {drift} so far."
