"""The assembled desk of the demo, over the local stack, at a clock that is set."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from core.app.assembly import assemble, utc_now
from core.app.assembly.parts import Core
from core.app.stores import SqlJournal
from core.credits.records import WriteId
from core.credits.writes import Write
from core.hubspot.client import HubSpot, connect
from core.hubspot.ports.crm import Outcome
from core.mirror.port import MirrorLookUp
from core.mirror.rows import columns, probe_rows
from core.mirror.supabase.client import Supabase
from core.operations.approval_rules import SecondAdmin
from core.operations.states import FollowUps
from core.settings.model import Settings
from core.settings.values import is_local
from core.work.engine_port import CarryOut
from core.work.work import Work, parted
from demo.clock import Clock, Controls

#: Sweeps and measures are kept for 90.
DAYS = 89
#: As long as an operation of the demo is held: the last one is to be seen while it is.
HOLD = timedelta(minutes=15)
#: How HubSpot answers while the story is told. As many calls in ten seconds are more than this
#: machine makes. Not far more: the desk goes through as many slots to take one.
UNHURRIED = {"rate_limit": 3_000, "latency_ms": 0, "search_lag_ms": 0}
#: Looks at one piece of work before it is given up as stuck.
LOOKS_MAX = 200


SQLITE = "sqlite:///"
#: Thousands of small transactions wait for a disk for longer than the rest takes.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class NotADemoError(RuntimeError):
    """These settings are of a real account: nothing was touched."""


@dataclass(slots=True)
class Queue:
    """Stands for the engine: what is submitted waits until the story carries it."""

    keys: list[str] = field(default_factory=list)

    def submit(self, key: str) -> None:
        """Once, however often it is asked for."""
        if key not in self.keys:
            self.keys.append(key)

    def start(self, carry_out: Mapping[Work, CarryOut]) -> None:
        """Nobody works here but ``DemoDesk.carry``."""

    def stop(self, *, grace_s: float) -> None:
        """See ``start``."""


@dataclass(frozen=True, slots=True)
class Shared(HubSpot):
    """HubSpot, in which others write between the desk's read of a balance and its write."""

    #: What they do before the next write, once.
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def write_counts(self, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
        """As ``Crm`` says; the others come first."""
        while self.meanwhile:
            self.meanwhile.pop()()
        return HubSpot.write_counts(self, writes)


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """What the story is told with."""

    core: Core
    journal: SqlJournal
    mirror: MirrorLookUp
    clock: Clock
    queue: Queue
    controls: Controls
    hubspot: Shared
    #: The admin of the settings.
    admin: str

    def carry(self) -> None:
        """All that was submitted, to its end, and the copies that follow from it."""
        while self.queue.keys:
            work, id_ = parted(self.queue.keys.pop(0))
            self._to_its_end(self.core.carries[work], id_)
            operation = self.journal.operation(id_) if work is Work.OPERATION else None
            if operation and operation.follow_ups is FollowUps.DUE:
                self._to_its_end(self.core.operation_runner.follow_up, id_)
        self.core.mirror_copier.drain()

    def _to_its_end(self, carry: CarryOut, id_: str) -> None:
        for _ in range(LOOKS_MAX):
            again = carry(id_)
            if again is None:
                return
            self.core.mirror_copier.drain()
            self.clock.go(again)
        raise RuntimeError(f"{id_} did not come to its end")


@contextmanager
def opened(settings: Settings) -> Iterator[DemoDesk | None]:
    """The desk, before its first day; what is told with it becomes its store at the end, whole.

    None: there is a store, and it is not touched.

    Raises:
        NotADemoError: the store is no file, or HubSpot or Supabase is on another machine.
    """
    store = _demo_store(settings)
    if store.exists():
        yield None
        return
    with TemporaryDirectory(dir=_memory()) as folder, ExitStack() as stack:
        made = Path(folder) / store.name
        with closing(SqlJournal(f"{SQLITE}{made}", admins=settings.admins)) as journal:
            controls = Controls(settings.hubspot_base_url)
            options = controls.options()
            chosen = {name: options[name] for name in UNHURRIED}
            stack.callback(lambda: controls.choose(**chosen, clock_offset_ms=0))
            controls.choose(**UNHURRIED)
            yield _assembled(settings, journal, Clock(controls, timedelta(0)), stack)
        beside = store.with_name(f"{store.name}.made")
        shutil.copy2(made, beside)
        beside.replace(store)


def _demo_store(settings: Settings) -> Path:
    for url in (settings.hubspot_base_url, settings.supabase_url):
        if not is_local(url):
            raise NotADemoError(f"{url} is not on this machine: a past is made for the demo alone")
    url = settings.store_url.get_secret_value()
    if not url.startswith(SQLITE):
        raise NotADemoError("the operational store is no file: a past is made for the demo alone")
    return Path(url.removeprefix(SQLITE))


def _memory() -> str | None:
    """Where files need no disk; None: nowhere."""
    return str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None


def _assembled(settings: Settings, journal: SqlJournal, clock: Clock, stack: ExitStack) -> DemoDesk:
    connected = connect(
        base_url=settings.hubspot_base_url,
        token=settings.hubspot_token.get_secret_value(),
        api_version=settings.hubspot_api_version,
        portal=settings.portal,
        now=clock.now,
    )
    hubspot = Shared(connected.hub, connected.closers)
    catalogue = settings.portal.catalogue
    mirror = Supabase(
        url=settings.supabase_url,
        service_key=settings.supabase_service_role_key.get_secret_value(),
        columns=columns(catalogue),
        schema=settings.supabase_schema,
        names=settings.mirror_names,
        probes=probe_rows(catalogue, utc_now()),
    )
    stack.callback(hubspot.close)
    stack.callback(mirror.close)
    queue = Queue()
    core = assemble(
        crm=hubspot,
        mirror=mirror,
        journal=journal,
        engine=queue,
        admins=settings.admins,
        our_sources=[settings.hubspot_app_id] if settings.hubspot_app_id else (),
        catalogue=catalogue,
        hold=HOLD,
        second=SecondAdmin(above_credits=20, within=timedelta(days=7)),
        now=clock.now,
        zone=ZoneInfo(settings.time_zone),
        chance=random.Random(1).random,
    )
    controls = clock.controls
    return DemoDesk(core, journal, mirror, clock, queue, controls, hubspot, settings.admins[0])
