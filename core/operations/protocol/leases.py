"""How long a lease stands, and who may still write a record under an id from before a merge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from core.credits.records import Kind
from core.credits.writes import Run
from core.operations.protocol.batches import batches
from core.operations.protocol.store.writes_port import WriteRecords

#: Longer than a write takes from the read to its answer. One that lapses lets nothing race: an
#: intent is saved only under the lease that its read was made under, and an open write bars others.
LEASE = timedelta(seconds=120)
#: After so long no lease can stand that anybody has at this moment, whatever his clock says.
OVER = 2 * LEASE


def barred_by_former(
    journal: WriteRecords,
    run: Run,
    kind: Kind,
    former: Mapping[str, Collection[str]],
    *,
    but: Collection[str] = (),
    now: datetime,
    holder: str,
) -> set[str]:
    """Those of these that may still be written under an id that they had before a merge.

    From now on nobody saves an intent for any such id that was read before the merge. ``but``:
    ids that this holder has leased, and that have no open write. Only what is read of the others
    after this is what their next write goes out from.
    """
    ids = sorted({id_ for some in former.values() for id_ in some} - set(but))
    if not ids:
        return set()
    for some in batches(ids):
        # as if whoever has them had let them lapse: who read before the merge reads again
        over = now + OVER
        journal.lease(run, kind, some, now=over, until=now + LEASE, holder=holder)
    journal.release_leases(run, kind, ids, holder=holder)
    written = {write.target_id for write in journal.open_writes(kind=kind, ids=ids)}
    return {id_ for id_, some in former.items() if not written.isdisjoint(some)}
