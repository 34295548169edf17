"""What every call to HubSpot needs: the way there, the account's names, threads, a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from core.credits.account import Portal
from core.credits.records import Kind
from core.hubspot.pace.haste import in_haste, made_in_haste
from core.hubspot.pace.limiter import Priority
from core.hubspot.transport import Call, Transport
from core.hubspot.type_ids import TypeIds
from core.hubspot.wire.paths import Paths
from core.hubspot.wire.records import Json
from core.work.context_pool import ContextPool

#: The id of HubSpot's own contacts, which every account has.
CONTACTS = "0-1"

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(slots=True)
class Threads:
    """Threads for batches, apart for each priority: a sweep's queue must not hold up others.

    Nor must what is in haste: while it is paced it waits in its threads.
    """

    count: int
    _pools: dict[Priority, ContextPool] = field(init=False)
    _hasty: ContextPool = field(init=False)

    def __post_init__(self) -> None:
        """No thread starts before there is work for it."""
        self._pools = {
            priority: ContextPool(self.count, f"hubspot-{priority.name.lower()}")
            for priority in Priority
        }
        self._hasty = ContextPool(self.count, "hubspot-haste")

    def each(
        self, priority: Priority, work: Callable[[Given], Made], items: Iterable[Given]
    ) -> list[Made]:
        """What the work makes of each item, in order. The first failure ends it and is raised."""
        given = list(items)
        if len(given) <= 1:
            return [work(item) for item in given]
        with made_in_haste(priority, len(given)) as hasty:
            pool = self._hasty if hasty else self._pools[priority]
            futures = [pool.submit(work, item) for item in given]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Wait for what is under way."""
        for pool in (*self._pools.values(), self._hasty):
            pool.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One account at one priority. ``now`` is the clock of ``Write.sent_at``."""

    transport: Transport
    portal: Portal
    paths: Paths
    #: The object type id of each kind.
    types: TypeIds
    threads: Threads
    now: Callable[[], datetime]
    priority: Priority = Priority.OPERATION
    #: Ids of the unlabelled associations from bookings, asked for once: every account has others.
    link_types: dict[Kind, Mapping[str, object]] = field(default_factory=dict)

    def each(self, work: Callable[[Given], Made], items: Iterable[Given]) -> list[Made]:
        """Work on many batches at once."""
        return self.threads.each(self.priority, work, items)

    def read(self, call: Call) -> Json:
        """A call that changes nothing."""
        return self.transport.read(call, self.priority, hasty=in_haste())

    def knock(self, *, within_s: float) -> None:
        """An empty batch: it costs one call, and HubSpot looks at the token before it answers.

        Not repeated, unless nothing was sent.

        Raises:
            GatewayError: HubSpot does not answer within this time, or not as it should.
        """
        path = self.paths.objects(CONTACTS, "batch", "read")
        call = Call(what="knock", path=path, body={"inputs": []})
        self.transport.write(call, self.priority, within_s=within_s)

    def batch(self, kind: Kind, verb: str) -> str:
        """The path of a batch of one of our kinds."""
        return self.paths.objects(self.types.of(kind), "batch", verb)
