"""The one place that names concrete gateways, and the one runtime that a process holds."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.app.assembly import assemble, new_id, utc_now
from core.app.assembly.parts import Core
from core.app.journal import Journal
from core.app.journal_services import journal_of, rules_of
from core.app.on_first_use import on_first_use
from core.credits.errors import EngineError
from core.drift.copy_direction import CopyDirection
from core.drift.measure import MeasuringThread
from core.health.alarms import LOOK_EVERY_S, Alarms
from core.health.audit_check.heads_port import HeadKeeper
from core.health.audit_check.verify import LOOK_EVERY_S as AUDIT_EVERY_S
from core.health.clock_watch import LOOK_EVERY_S as CLOCK_EVERY_S
from core.health.doctor import Diagnosing
from core.health.fitness import Fitness
from core.health.notify_port import Notifier
from core.health.store_report import StoreReport
from core.hubspot.pace.limiter import Priority
from core.mirror.rows import columns, probe_rows
from core.mirror.threads import MirrorThreads
from core.operations.crew.crew import LOOK_S as LEND_EVERY_S
from core.operations.crew.crew import Crew
from core.operations.desks.rules import Process
from core.operations.desks.takeover import RENEW_EVERY_S
from core.settings import load
from core.students.account import GivenNames
from core.work.engine_port import Engine
from core.work.memory_pools import share_memory_pools
from core.work.periodic_thread import PeriodicThread
from core.work.processor_limit import processors
from core.work.processor_time import ProcessorTime
from core.work.schedules import Every
from core.work.steady_clock import SteadyClock
from core.workers.scheduler import ScheduleThread

if TYPE_CHECKING:
    from core.hubspot.client import HubSpot
    from core.hubspot.inspection import Inspection
    from core.mirror.outgoing.sender import WebhookSender
    from core.mirror.supabase.client import Supabase
    from core.mirror.supabase.tokens import SupabaseTokens
    from core.operations.desks.register import Register
    from core.settings.model import Settings

#: How long to wait for what is in hand, at the end of a script and of the server.
SCRIPT_GRACE_S = 10.0
SERVER_GRACE_S = 25.0
NOTIFY_GRACE_S = 5.0
#: When students' names are forgotten: in a quiet hour, once a day.
FORGET_SCHEDULE = "40 3 * * *"
#: When landed writes are looked at again: cheap when none is due.
LATE_LOOKS = timedelta(minutes=1)
#: How long a busy thread keeps the interpreter. A fifth of Python's own: a copy to the mirror
#: should not wait for a page that is being drawn (benchmarks/mirror_lag.py).
SWITCH_S = 0.001


def mirror_sql(settings: Settings, *, remove: bool = False) -> str:
    """What makes a Supabase project ready for these settings, or takes it away again."""
    from core.mirror.supabase import migrations  # noqa: PLC0415 - the command line's alone

    if remove:
        return migrations.removal(settings.supabase_schema)
    return migrations.sql(settings.supabase_schema, settings.mirror_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The services over the gateways of the settings, and the threads that work for them."""

    core: Core
    diagnosing: Diagnosing
    #: Which operational store this process acts on.
    store: StoreReport
    engine: Engine
    mirror_threads: MirrorThreads
    schedule: ScheduleThread
    #: Lends other workers a hand at their operations.
    crew: PeriodicThread
    measuring: MeasuringThread
    alarms: PeriodicThread
    #: Renews this process's entry in the register of desks.
    desks: PeriodicThread
    #: Tells other apps of the desk's changes.
    events: PeriodicThread
    #: Notices that this machine's clock was set.
    clock: PeriodicThread
    audit: PeriodicThread
    fitness: Fitness
    #: Why no engine can run on this Python and SQLite; "": one can.
    engine_refusal: Callable[[], str]
    #: Loads on a thread what confirming and ``start`` need: a preview leaves the time for it.
    load_ahead: Callable[[], None]
    #: Notes which settings it starts with.
    at_start: Callable[[], None]
    #: Closes the gateways, after all threads have ended.
    close: Callable[[], None]

    def start(self) -> None:
        """Become a worker: carry what was asked for, copy what is due, keep the schedules.

        Raises:
            EngineError: no engine can run here. It would be tried for ever, and nothing done.
        """
        from core.workers.engine.dbos_runtime import load_mapper  # noqa: PLC0415 - see ``build``

        if refusal := self.engine_refusal():
            raise EngineError(f"{refusal}. What was confirmed waits until a worker can run")
        sys.setswitchinterval(SWITCH_S)
        load_mapper()
        self.at_start()
        self.mirror_threads.start()
        self.measuring.start()
        self.events.start()
        self.clock.start()
        self.desks.start()
        self.engine.start(self.core.carries)
        self.crew.start()
        self.schedule.start()
        self.alarms.start()
        self.audit.start()

    def stop(self, *, grace_s: float) -> None:
        """Finish what is in hand, all of it within ``grace_s``.

        What is not finished goes on in the next worker.
        """
        until = time.monotonic() + grace_s

        def left() -> float:
            return max(0.0, until - time.monotonic())

        self.core.operation_runner.resting.set()
        self.audit.stop(left())
        self.alarms.stop(left())
        self.schedule.stop(left())
        self.crew.stop(left())
        self.engine.stop(grace_s=left())
        self.mirror_threads.stop(left())
        self.events.stop(left())
        self.measuring.stop(left())
        self.desks.stop(max(left(), LEAVE_S))  # its last word opens a connection
        self.clock.stop(left())
        self.close()


#: How often events for other apps are looked for.
EVENTS_EVERY_S = 1.0
#: Leaving the register is one call.
LEAVE_S = 2.0


def this_process() -> Process:
    """As it registers itself; its desk is known once the operational store is open."""
    host, pid = socket.gethostname(), os.getpid()
    return Process(
        name=f"{host}-{pid}-{new_id()[:8]}",
        desk="",
        host=host,
        version=version(),
        started_at=utc_now(),
    )


def version() -> str:
    """Of this program, as its project file states it."""
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not project.exists():
        return "unknown"
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


def in_order(*ends: Callable[[], None]) -> Callable[[], None]:
    """One call that makes all of these, one after the other."""

    def close() -> None:
        for end in ends:
            end()

    return close


def build(settings: Settings) -> Runtime:
    """The production gateways, imported here so that ``import core`` stays light.

    Raises:
        JournalError: the operational store cannot be opened.
    """
    from core.access.store.rate import SharedPace  # noqa: PLC0415
    from core.health.apprise_notifier import Apprise  # noqa: PLC0415
    from core.settings.shown import told  # noqa: PLC0415
    from core.workers.engine.dbos_runtime import system_url  # noqa: PLC0415
    from core.workers.engine.engine import DbosEngine  # noqa: PLC0415 - see above
    from core.workers.engine.proof import start_fault  # noqa: PLC0415
    from core.workers.engine.versions import version_fault  # noqa: PLC0415

    share_memory_pools()
    url = settings.store_url.get_secret_value()
    journal = journal_of(settings)
    pace = SharedPace(url)
    # a look at any attribute makes one of these, so their methods are named within functions
    hubspot = on_first_use(partial(hubspot_of, settings))
    for_the_mirror = on_first_use(lambda: hubspot.at(Priority.MIRROR))
    inspection = on_first_use(partial(inspection_of, settings, hubspot))
    catalogue = settings.portal.catalogue
    mirror = on_first_use(partial(supabase_of, settings))
    notifier = Apprise([url.get_secret_value() for url in settings.notify_urls])
    alarms = Alarms(
        journal, notifier, utc_now, settings.drift_alarm_above, public_url=settings.public_url
    )
    engine = DbosEngine(url=url, journal=journal, now=utc_now, vitals=(fitness := Fitness()))
    shown = cache(partial(told, settings))  # signs of secrets, made slowly on purpose
    core = assemble(
        crm=hubspot,
        mirror=mirror,
        mirror_reads=for_the_mirror,
        sweep_reads=on_first_use(lambda: hubspot.at(Priority.SWEEP)),
        our_sources=[settings.hubspot_app_id] if settings.hubspot_app_id else (),
        inspecting=inspection,
        directory=on_first_use(lambda: for_the_mirror.directory()),  # noqa: PLW0108 - see above
        given_names=given_names(settings),
        editor_url=table_editor(settings),
        journal=journal,
        engine=engine,
        correct_losses=settings.correct_losses,
        mend_older_copies=settings.mend_older_copies,
        late_looks=Every(LATE_LOOKS),
        **rules_of(settings),
        object_types=lambda: hubspot.object_types(),  # noqa: PLW0108 - see above
        webhook_secret=settings.hubspot_client_secret.get_secret_value(),
        catalogue=catalogue,
        hold=timedelta(seconds=settings.hold_s),
        typed_above=settings.typed_count_above,
        pace=pace,
        register=on_first_use(partial(register_of, mirror)),
        process=this_process(),
        clock=SteadyClock(utc_now, time.monotonic),
        api_rate=settings.api_rate,
        keys_last=timedelta(days=settings.api_key_days),
        head_keeper=head_keeper(settings, notifier),
        head_secret=settings.audit_heads_secret.get_secret_value(),
        head_schedule=settings.schedule(settings.audit_heads_schedule),
        student_tokens=on_first_use(partial(student_tokens_of, settings)),
        quiet=timedelta(seconds=settings.quiet_period_s),
        zone=ZoneInfo(settings.time_zone),
        sweep_schedules=settings.sweep_schedules,
        activation_schedule=settings.schedule(settings.activation_schedule),
        forget_schedule=settings.schedule(FORGET_SCHEDULE),
        keep_personal=settings.keep_personal,
        on_dead=alarms.dead_letters,
        event_sender=(sender := event_sender(settings)),
        tell_by=settings.tell_by,
        crew=crew_of(journal, engine.executor_id, on_sqlite=journal.on_sqlite),
        demo=settings.demo,
    )
    alarms.late, alarms.audit = core.scheduler.late, core.audit_log.judged
    alarms.waits = core.access.waits

    threads = MirrorThreads(core.mirror_copier, vitals=fitness)
    diagnosing = Diagnosing(
        inspection,
        mirror,
        journal,
        notifier.faults,
        told=bool(settings.notify_urls),
        webhooks=core.webhook_receiver.set_up,
        public_url=settings.public_url,
        key_warnings=lambda: mirror.key_warnings(),  # noqa: PLW0108 - see above
        table_warnings=lambda: mirror.table_warnings(),  # noqa: PLW0108 - see above
        desks=core.desks.findings,
        events_fault=core.event_announcer.fault,
        direction=CopyDirection(journal, utc_now).findings,
        engine_fault=partial(start_fault, url),
        store=(store := StoreReport(journal, journal.address)).look,
        now=utc_now,
    )
    return Runtime(
        core=core,
        diagnosing=diagnosing,
        store=store,
        engine=engine,
        mirror_threads=threads,
        schedule=ScheduleThread(core.scheduler, vitals=fitness),
        crew=PeriodicThread("crew", core.operation_runner.lend_a_hand, LEND_EVERY_S, fitness),
        measuring=MeasuringThread(core.gauge_recorder),
        events=PeriodicThread("events", core.event_announcer.drain, EVENTS_EVERY_S, fitness),
        clock=PeriodicThread("clock", core.clock_watch.look, CLOCK_EVERY_S, fitness),
        desks=PeriodicThread(
            "desks", core.desks.renew, RENEW_EVERY_S, fitness, at_end=core.desks.leave
        ),
        alarms=PeriodicThread("alarms", alarms.look, LOOK_EVERY_S, fitness),
        audit=PeriodicThread("audit", core.audit_log.look, AUDIT_EVERY_S, fitness),
        fitness=fitness,
        engine_refusal=partial(version_fault, system_url(url)),
        load_ahead=partial(load_ahead, hubspot, shown),
        at_start=lambda: core.access_log.settings(shown(), where=socket.gethostname()),
        close=in_order(
            lambda: notifier.stop(NOTIFY_GRACE_S),
            hubspot.close,
            *([sender.close] if sender else []),
            mirror.close,
            pace.close,
            journal.close,
        ),
    )


def load_ahead(hubspot: HubSpot, shown: Callable[[], object]) -> None:
    """What an operation needs, in the order of its need, while its preview waits for HubSpot.

    HubSpot's client is made first, and not beside the rest: the preview needs it at once. Python
    looks for no cycles meanwhile, as what is imported stays: an eighth of it.
    """
    from core.mirror.supabase import client as supabase  # noqa: PLC0415
    from core.workers.engine import dbos_runtime as engine  # noqa: PLC0415

    def load() -> None:
        try:
            supabase.load()
            shown()
            engine.load()
        finally:
            gc.freeze()
            gc.enable()

    gc.disable()
    _ = hubspot.hub
    engine.load_mapper()
    threading.Thread(target=load, name="load", daemon=True).start()


def hubspot_of(settings: Settings) -> HubSpot:
    """Opens no connection yet."""
    from core.hubspot.client import connect  # noqa: PLC0415

    return connect(
        base_url=settings.hubspot_base_url,
        token=settings.hubspot_token.get_secret_value(),
        api_version=settings.hubspot_api_version,
        portal=settings.portal,
        now=utc_now,
        slots_url=settings.store_url.get_secret_value(),
        concurrency=settings.concurrency,
        request_timeout_s=settings.request_timeout_s,
        rate_share=settings.rate_share,
    )


def inspection_of(settings: Settings, hubspot: HubSpot) -> Inspection:
    """Of the account of this client."""
    from core.hubspot.inspection import Inspection  # noqa: PLC0415

    return Inspection(hubspot.hub, settings.hubspot_app_id, settings.tell)


def supabase_of(settings: Settings) -> Supabase:
    """The mirror. Opens no connection yet."""
    from core.mirror.supabase.client import Supabase  # noqa: PLC0415

    catalogue = settings.portal.catalogue
    return Supabase(
        url=settings.supabase_url,
        service_key=settings.supabase_service_role_key.get_secret_value(),
        columns=columns(catalogue),
        schema=settings.supabase_schema,
        names=settings.mirror_names,
        probes=probe_rows(catalogue, utc_now()),
    )


def register_of(mirror: Supabase) -> Register:
    """Of the desks on this account, in its Supabase."""
    from core.operations.desks.register import Register  # noqa: PLC0415

    return Register(mirror)


def student_tokens_of(settings: Settings) -> SupabaseTokens:
    """Asks for no key yet."""
    from core.mirror.supabase.tokens import SupabaseTokens  # noqa: PLC0415

    secret = settings.supabase_jwt_secret.get_secret_value()
    return SupabaseTokens(settings.supabase_url, secret)


def crew_of(journal: Journal, me: str, *, on_sqlite: bool) -> Crew | None:
    """This process among workers that carry operations together; None: each carries alone."""
    if on_sqlite:
        return None  # one writer at a time: a second worker waits for the first
    return Crew(
        journal,
        me,
        alive=lambda: {worker.executor_id for worker in journal.workers()},
        short=ProcessorTime(time.process_time, time.monotonic, processors).short,
        pause=time.sleep,
    )


def given_names(settings: Settings) -> GivenNames:
    """Those of the settings, and the desk itself under its app's id."""
    ours = {settings.hubspot_app_id: "Credit Desk"} if settings.hubspot_app_id else {}
    return GivenNames(users=settings.names.users, apps=ours | settings.names.apps)


def table_editor(settings: Settings) -> str:
    """Where Supabase shows the tables; "": nobody can know it."""
    from core.mirror.supabase.dashboard import editor_url  # noqa: PLC0415

    return editor_url(settings.supabase_url, settings.supabase_schema)


def event_sender(settings: Settings) -> WebhookSender | None:
    """To the receiver of the settings; None: there is none."""
    if not settings.events_url:
        return None
    from core.mirror.outgoing.sender import WebhookSender  # noqa: PLC0415

    secret = settings.events_secret.get_secret_value()
    return WebhookSender(settings.events_url, secret, utc_now)


def head_keeper(settings: Settings, notifier: Notifier) -> HeadKeeper | None:
    """Where the settings have heads of the audit kept; None: nowhere."""
    place = settings.audit_heads
    if not place:
        return None
    from core.health.audit_check.head_keepers import HeadFile, HeadMail, HeadReceiver  # noqa: PLC0415
    from core.settings.values import NOTIFY  # noqa: PLC0415

    if place == NOTIFY:
        return HeadMail(notifier)
    if "://" in place:
        secret = settings.audit_heads_secret.get_secret_value()
        return HeadReceiver(place, secret, utc_now)
    return HeadFile(Path(place))


@contextmanager
def opened() -> Iterator[Runtime]:
    """A runtime by this process's settings, stopped at the end. For scripts."""
    runtime = build(load())
    try:
        yield runtime
    finally:
        runtime.stop(grace_s=SCRIPT_GRACE_S)


#: How the app is started, whole.
RUN = "python -m streamlit run asgi.py"

_core: Core | None = None
_runtime: Runtime | None = None
_starting = threading.Lock()


def start(settings: Settings | None = None) -> None:
    """Build and start the one runtime of this process, unless it runs.

    ``settings``: None reads them now. The server read them as it began: Streamlit puts what
    stands in secrets.toml into the environment, over what the environment had.

    Raises:
        BadSettings, EngineError, JournalError: says what to mend.
    """
    global _core, _runtime  # noqa: PLW0603 - the module's one pair of singletons
    with _starting:
        if _core is None:
            _runtime = build(settings or load())
            # as if its supervisor had asked it to end: then the server finishes what is in hand
            _runtime.fitness.on_unfit = partial(os.kill, os.getpid(), signal.SIGTERM)
            _runtime.start()
            _core = _runtime.core


def unfit() -> str:
    """Why this process cannot work any more and ends; empty: it can, or nothing runs."""
    return _runtime.fitness.reason if _runtime is not None else ""


def stop() -> None:
    """Stop it, if it runs: what is in hand is finished, within reason."""
    global _core, _runtime
    with _starting:
        runtime, _core, _runtime = _runtime, None, None
    if runtime is not None:
        runtime.stop(grace_s=SERVER_GRACE_S)


class NotServed(RuntimeError):
    """Nothing was started in this process: ``asgi.py`` does that, ``app.py`` alone does not."""

    def __init__(self) -> None:
        """Says what to run."""
        super().__init__(f"only the pages were started. Stop this, and run: {RUN}")


def get() -> Core:
    """The one Core of this process.

    Raises:
        NotServed: it was not started. Pages alone would be served without guards, API or worker.
    """
    if _core is None:
        raise NotServed
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
