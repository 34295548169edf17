"""The services that need the journal and nothing else, and a way in for who asks only these.

A command that reads the journal should not pay for planners, runners and threads: two fifths of
its start (docs/decisions/0053-start-up.md). So this module imports none of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

from core.access.access_log import AccessLog
from core.access.pacing import Limits
from core.access.people import Access
from core.access.rationing import Rationing
from core.app.journal import Journal
from core.app.kept_reads import kept_reads
from core.health.store_report import StoreReport
from core.operations.approval_rules import SecondAdmin
from core.operations.kept_plans import KeptPlans
from core.operations.kept_progress import KeptProgress
from core.operations.queries import OperationQueries
from core.settings import load
from core.work.steady_clock import SteadyClock

if TYPE_CHECKING:
    from core.app.stores import SqlJournal
    from core.settings.model import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalServices:
    """Each as the core has it, and what others share with them."""

    access: Access
    access_log: AccessLog
    operation_queries: OperationQueries
    rationing: Rationing
    #: The journal for services that read for pages.
    shown: Journal
    counts: KeptProgress
    kept_plans: KeptPlans
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a command acts with that needs the journal alone."""

    services: JournalServices
    store: StoreReport


class Rules(TypedDict):
    """What the settings say of who may do what, and how much of it."""

    admins: Collection[str]
    domains: Collection[str]
    unverified_from: Collection[str]
    providers_of: Mapping[str, tuple[str, ...]]
    second: SecondAdmin
    #: Whether looks at contacts are recorded.
    audit_looks: bool
    limits: Limits


def rules_of(settings: Settings) -> Rules:
    """The same for a command that opens the journal alone and for the whole core."""
    return Rules(
        admins=settings.admins,
        domains=settings.allowed_domains,
        unverified_from=settings.unverified_providers,
        providers_of=settings.providers_of,
        second=settings.second_admin,
        audit_looks=settings.audit_looks,
        limits=settings.limits,
    )


def journal_services(
    journal: Journal, now: Callable[[], datetime], **rules: Unpack[Rules]
) -> JournalServices:
    """Those of the core, and of a command that needs no others."""
    second, rationing = rules["second"], Rationing(journal, now, rules["limits"])
    shown = kept_reads(journal)
    counts, kept_plans = KeptProgress(shown), KeptPlans(journal, now)
    return JournalServices(
        access=Access(
            tuple(rules["admins"]),
            journal,
            now,
            tuple(rules["domains"]),
            tuple(rules["unverified_from"]),
            bound=rules["providers_of"],
            admin_request_life=second.within if second.for_admins else None,
        ),
        access_log=AccessLog(journal, now, looks=rules["audit_looks"], rationing=rationing),
        operation_queries=OperationQueries(shown, counts, kept_plans),
        rationing=rationing,
        shown=shown,
        counts=counts,
        kept_plans=kept_plans,
        now=now,
    )


def journal_of(settings: Settings) -> SqlJournal:
    """The operational store, open and up to date. Raises ``JournalError``."""
    from core.app.stores import SqlJournal  # noqa: PLC0415 - ``import core`` stays light

    url = settings.store_url.get_secret_value()
    return SqlJournal(url, admins=settings.admins, announces=bool(settings.events_url))


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@contextmanager
def opened() -> Iterator[Opened]:
    """By this process's settings, closed at the end.

    Raises:
        BadSettings, JournalError: says what to mend.
    """
    settings = load()
    with closing(journal_of(settings)) as journal:
        now = SteadyClock(utc_now, time.monotonic).now
        services = journal_services(journal, now, **rules_of(settings))
        yield Opened(services=services, store=StoreReport(journal, journal.address))
