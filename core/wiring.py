"""The one place that names concrete gateways, and the one object that pages and scripts hold."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.domain.credits import SCHOOL, Catalogue
from core.domain.writes import QUIET_PERIOD
from core.gateways.ports import Crm, Engine, Journal, Mirror
from core.services.access import Access
from core.services.carrying import GROUP_SIZE, GROUPS_AT_ONCE, Carrying
from core.services.finding import Finding
from core.services.finishing import Finishing
from core.services.giving_back import GivingBack
from core.services.mirroring import Mirroring
from core.services.operating import Operating
from core.services.outage import Outage
from core.services.planning import Planning
from core.services.settling import Settling
from core.services.writing import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled. Tests and production differ in the gateways only."""

    access: Access
    finding: Finding
    planning: Planning
    operating: Operating
    carrying: Carrying
    mirroring: Mirroring
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
    admins: Collection[str],
    catalogue: Catalogue = SCHOOL,
    hold: timedelta = timedelta(seconds=10),
    quiet: timedelta = QUIET_PERIOD,
    group_size: int = GROUP_SIZE,
    groups_at_once: int = GROUPS_AT_ONCE,
    now: Callable[[], datetime] = utc_now,
    make_id: Callable[[], str] = new_id,
    chance: Callable[[], float] = random.random,
) -> Core:
    """Services over these gateways."""
    finding = Finding(crm)
    mirroring = Mirroring(
        crm=crm,
        mirror=mirror,
        journal=journal,
        catalogue=catalogue,
        now=now,
        chance=chance,
        outage=Outage(chance=chance),
    )
    settling = Settling(crm, journal, now, quiet)
    writing = Writing(crm, journal, settling, now, make_id)
    nudge = mirroring.nudge
    return Core(
        access=Access(tuple(admins)),
        finding=finding,
        planning=Planning(crm, journal, finding, catalogue, now, make_id),
        operating=Operating(journal, engine, hold, now),
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
        journal=journal,
        catalogue=catalogue,
    )


_core: Core | None = None


def get() -> Core:
    """The one Core of this process.

    Raises:
        RuntimeError: none was set up.
    """
    if _core is None:
        raise RuntimeError("this process has no Core yet")
    return _core


@contextmanager
def use(core: Core) -> Iterator[Core]:
    """Let this be the process's Core for a while: how tests put fakes beneath the pages."""
    global _core  # noqa: PLW0603 - the one module singleton, set and restored here alone
    before, _core = _core, core
    try:
        yield core
    finally:
        _core = before
