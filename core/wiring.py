"""The one place that names concrete gateways, and the one object that pages and scripts hold."""

from __future__ import annotations

import random
import sys
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.domain.credits import SCHOOL, Catalogue
from core.domain.mirror import columns
from core.domain.writes import QUIET_PERIOD
from core.gateways.ports import Crm, Due, Engine, Journal, Mirror
from core.gateways.ports.inspecting import Inspecting
from core.services.access import Access
from core.services.alarms import Alarms
from core.services.carrying import GROUP_SIZE, GROUPS_AT_ONCE, Carrying
from core.services.comparing import Comparing
from core.services.deciding import Deciding
from core.services.diagnosing import Diagnosing
from core.services.finding import Finding
from core.services.finishing import Finishing
from core.services.giving_back import GivingBack
from core.services.mirror_threads import MirrorThreads
from core.services.mirroring import Mirroring
from core.services.operating import Operating
from core.services.outage import Outage
from core.services.planning import Planning
from core.services.preflight import Preflight
from core.services.repairing import Repairing
from core.services.settling import Settling
from core.services.sweeping import Sweeping
from core.services.writing import Writing
from core.settings import load

if TYPE_CHECKING:
    from core.settings import Settings

#: How long to wait for what is in hand, at the end of a script and of the server.
SCRIPT_GRACE_S = 10.0
SERVER_GRACE_S = 25.0
NOTIFY_GRACE_S = 5.0
#: How long a busy thread keeps the interpreter. A fifth of Python's own: a copy to the mirror
#: should not wait for a page that is being drawn (benchmarks/mirror_lag.py).
SWITCH_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled. Tests and production differ in the gateways only."""

    access: Access
    finding: Finding
    planning: Planning
    operating: Operating
    deciding: Deciding
    carrying: Carrying
    mirroring: Mirroring
    sweeping: Sweeping
    repairing: Repairing
    journal: Journal
    catalogue: Catalogue


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh id, short enough to read out and long enough never to meet another."""
    return uuid.uuid4().hex[:20]


def assemble(
    *,
    crm: Crm,
    mirror: Mirror,
    journal: Journal,
    engine: Engine,
    mirror_reads: Crm | None = None,
    sweep_reads: Crm | None = None,
    our_sources: Collection[str] = (),
    inspecting: Inspecting | None = None,
    admins: Collection[str],
    catalogue: Catalogue = SCHOOL,
    hold: timedelta = timedelta(seconds=10),
    typed_above: int = 20,
    quiet: timedelta = QUIET_PERIOD,
    group_size: int = GROUP_SIZE,
    groups_at_once: int = GROUPS_AT_ONCE,
    now: Callable[[], datetime] = utc_now,
    make_id: Callable[[], str] = new_id,
    chance: Callable[[], float] = random.random,
    on_dead: Callable[[Sequence[Due]], None] = lambda _dead: None,
) -> Core:
    """Services over these gateways. ``mirror_reads``: the truth for copies, less urgent."""
    finding = Finding(crm, now)
    mirroring = Mirroring(
        crm=mirror_reads or crm,
        mirror=mirror,
        journal=journal,
        catalogue=catalogue,
        now=now,
        chance=chance,
        on_dead=on_dead,
        outage=Outage(chance=chance),
    )
    reads = sweep_reads or mirror_reads or crm
    comparing = Comparing(
        crm=reads,
        mirror=mirror,
        journal=journal,
        catalogue=catalogue,
        now=now,
        ours=frozenset(our_sources),
    )
    settling = Settling(crm, journal, now, quiet)
    writing = Writing(crm, journal, settling, now, make_id)
    nudge = mirroring.nudge
    return Core(
        access=Access(tuple(admins)),
        finding=finding,
        planning=Planning(
            crm, journal, finding, catalogue, Preflight(inspecting, now), now, make_id
        ),
        operating=Operating(journal, engine, hold, now, typed_above),
        deciding=Deciding(journal, engine, now),
        carrying=Carrying(
            journal,
            settling,
            GivingBack(crm, journal, writing, catalogue, nudge, now),
            Finishing(crm, journal, writing, catalogue, nudge, now),
            lambda: crm.usage()["total"],
            now,
            group_size,
            groups_at_once,
        ),
        mirroring=mirroring,
        sweeping=Sweeping(
            crm=reads, mirror=mirror, journal=journal, comparing=comparing, now=now, new_id=make_id
        ),
        repairing=Repairing(comparing, mirroring, journal, now),
        journal=journal,
        catalogue=catalogue,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The services over the gateways of the settings, and the threads that work for them."""

    core: Core
    diagnosing: Diagnosing
    engine: Engine
    mirror_threads: MirrorThreads
    #: Closes the gateways, after all threads have ended.
    close: Callable[[], None]

    def start(self) -> None:
        """Become a worker: carry operations, copy what is due."""
        sys.setswitchinterval(SWITCH_S)
        self.mirror_threads.start()
        self.engine.start(self.core.carrying.carry_out)

    def stop(self, *, grace_s: float) -> None:
        """Finish what is in hand. What is not finished goes on in the next worker."""
        self.engine.stop(grace_s=grace_s)
        self.mirror_threads.stop(grace_s)
        self.close()


def build(settings: Settings) -> Runtime:
    """The production gateways, imported here so that ``import core`` stays light.

    Raises:
        JournalError: the operational store cannot be opened.
    """
    from core.gateways.engine import DbosEngine  # noqa: PLC0415 - see above
    from core.gateways.hubspot.client import connect  # noqa: PLC0415
    from core.gateways.hubspot.inspection import Inspection  # noqa: PLC0415
    from core.gateways.hubspot.limiter import Priority  # noqa: PLC0415
    from core.gateways.journal.sql import SqlJournal  # noqa: PLC0415
    from core.gateways.notify.client import Apprise  # noqa: PLC0415
    from core.gateways.supabase.client import Supabase  # noqa: PLC0415

    url = settings.ops_database_url.get_secret_value()
    journal = SqlJournal(url)
    hubspot = connect(
        base_url=settings.hubspot_base_url,
        token=settings.hubspot_token.get_secret_value(),
        api_version=settings.hubspot_api_version,
        portal=settings.portal,
        now=utc_now,
        slots_url=url,
        concurrency=settings.concurrency,
        request_timeout_s=settings.request_timeout_s,
        rate_share=settings.rate_share,
    )
    inspection = Inspection(hubspot.hub)
    catalogue = settings.portal.catalogue
    mirror = Supabase(
        url=settings.supabase_url,
        service_key=settings.supabase_service_role_key.get_secret_value(),
        columns=columns(catalogue),
    )
    notifier = Apprise([url.get_secret_value() for url in settings.notify_urls])
    engine = DbosEngine(url=url, journal=journal, now=utc_now)
    core = assemble(
        crm=hubspot,
        mirror=mirror,
        mirror_reads=hubspot.at(Priority.MIRROR),
        sweep_reads=hubspot.at(Priority.SWEEP),
        our_sources=[settings.hubspot_app_id] if settings.hubspot_app_id else (),
        inspecting=inspection,
        journal=journal,
        engine=engine,
        admins=settings.admins,
        catalogue=catalogue,
        hold=timedelta(seconds=settings.hold_s),
        typed_above=settings.typed_count_above,
        quiet=timedelta(seconds=settings.quiet_period_s),
        on_dead=Alarms(notifier, utc_now).dead_letters,
    )

    def close() -> None:
        notifier.stop(NOTIFY_GRACE_S)
        hubspot.close()
        mirror.close()
        journal.close()

    threads = MirrorThreads(core.mirroring)
    diagnosing = Diagnosing(inspection, mirror, journal, notifier.faults)
    return Runtime(
        core=core, diagnosing=diagnosing, engine=engine, mirror_threads=threads, close=close
    )


@contextmanager
def opened() -> Iterator[Runtime]:
    """A runtime by this process's settings, stopped at the end. For scripts."""
    runtime = build(load())
    try:
        yield runtime
    finally:
        runtime.stop(grace_s=SCRIPT_GRACE_S)


_core: Core | None = None
_runtime: Runtime | None = None
_starting = threading.Lock()


def start() -> None:
    """Build and start the one runtime of this process, unless it runs.

    Raises:
        BadSettings, JournalError: says what to mend.
    """
    global _core, _runtime  # noqa: PLW0603 - the module's one pair of singletons
    with _starting:
        if _core is None:
            _runtime = build(load())
            _runtime.start()
            _core = _runtime.core


def stop() -> None:
    """Stop it, if it runs: what is in hand is finished, within reason."""
    global _core, _runtime
    with _starting:
        runtime, _core, _runtime = _runtime, None, None
    if runtime is not None:
        runtime.stop(grace_s=SERVER_GRACE_S)


def get() -> Core:
    """The one Core of this process, started by the first who asks."""
    if _core is None:
        start()
    assert _core is not None  # noqa: S101 - start sets it or raises
    return _core


@contextmanager
def use(core: Core) -> Iterator[Core]:
    """Let this be the process's Core for a while: how tests put fakes beneath the pages."""
    global _core  # noqa: PLW0603 - set and restored here alone
    before, _core = _core, core
    try:
        yield core
    finally:
        _core = before
