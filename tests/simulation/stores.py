"""Both stores compared without any of the desk's own code but the rows' shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.credits.catalogue import SCHOOL
from core.credits.records import Contact, Exam, Kind
from core.mirror.rows import BESIDE, booking_row, contact_row, exam_row
from tests.fakes.crm import FakeCrm
from tests.fakes.mirror import FakeMirror

if TYPE_CHECKING:
    from core.mirror.port import MirrorRow


def rows_of(crm: FakeCrm, kind: Kind) -> dict[str, MirrorRow]:
    """Every record of this kind, as its row in Supabase should be."""
    read = {
        Kind.CONTACT: lambda r: contact_row(cast("Contact", crm._counted(r)), SCHOOL),
        Kind.BOOKING: lambda r: booking_row(crm._booking(r)),
        Kind.EXAM: lambda r: exam_row(cast("Exam", crm._counted(r))),
    }
    return {record.id: read[kind](record) for record in crm.truth.all(kind)}


def differing(crm: FakeCrm, mirror: FakeMirror) -> set[tuple[Kind, str]]:
    """Records of which the two stores hold something else."""
    found: set[tuple[Kind, str]] = set()
    for kind in Kind:
        truth = rows_of(crm, kind)
        held = {str(row["hubspot_id"]): row for row in mirror.page(kind, "", 10**6)}
        found |= {(kind, id_) for id_ in truth.keys() ^ held.keys()}
        for id_ in truth.keys() & held.keys():
            names = truth[id_].keys() - BESIDE
            if any((truth[id_][n] or None) != (held[id_][n] or None) for n in names):
                found.add((kind, id_))
    return found
