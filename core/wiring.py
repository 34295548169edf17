"""The one place that names concrete gateways, and the one object that pages and scripts hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.domain.credits import SCHOOL, Catalogue
from core.gateways.ports import Crm, Engine, Journal, Mirror
from core.services.access import Access
from core.services.finding import Finding
from core.services.operating import Operating
from core.services.planning import Planning


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled. Tests and production differ in the gateways only."""

    access: Access
    finding: Finding
    planning: Planning
    operating: Operating
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
    admins: frozenset[str],
    catalogue: Catalogue = SCHOOL,
    hold: timedelta = timedelta(seconds=10),
    now: Callable[[], datetime] = utc_now,
    make_id: Callable[[], str] = new_id,
) -> Core:
    """Services over these gateways."""
    finding = Finding(crm)
    return Core(
        access=Access(admins),
        finding=finding,
        planning=Planning(crm, journal, finding, catalogue, now, make_id),
        operating=Operating(journal, engine, hold, now),
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
