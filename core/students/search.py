"""From a few letters or an id to the contacts that may be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.access.access_log import AccessLog
from core.credits.catalogue import Balances, Catalogue
from core.credits.errors import GatewayError
from core.credits.records import Contact, ContactId
from core.credits.roles import Act, Actor
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.found_by import FoundBy
from core.mirror.port import Candidate, MirrorLookUp
from core.students.search_rules import HITS_MAX, TEXT_MIN, Hit, Hits, Where, cleaned, order

#: Candidates taken from the mirror: enough to put the best ones first.
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class StudentSearch:
    """Reads only. The mirror is asked while a person types; HubSpot only when told to."""

    crm: CrmLookUp
    mirror: MirrorLookUp
    catalogue: Catalogue
    access_log: AccessLog

    def find(self, text: str, actor: Actor) -> Hits:
        """From the mirror; from HubSpot's search when the mirror does not answer.

        Raises:
            NotAllowed: this person may not look contacts up.
            TooMany: more students were listed to this person than anybody reads.
            GatewayError: neither of the two answers.
            JournalError: the search is not recorded, and nobody is shown.
        """
        actor.require(Act.LOOK_UP)
        return self._noted(self._found(text), actor)

    def _found(self, text: str) -> Hits:
        asked = cleaned(text)
        if len(asked) < TEXT_MIN:
            return Hits(asked=asked, where=Where.MIRROR)
        try:
            found = self.mirror.candidates(asked, limit=CANDIDATES)
        except GatewayError as error:
            return self._in_hubspot(asked, mirror_fault=str(error))
        hits = order(
            asked,
            [self._of_row(each) for each in found],
            {str(each.row["hubspot_id"]): _written(each.row) for each in found},
        )
        return Hits(
            asked=asked,
            where=Where.MIRROR,
            hits=tuple(hits[:HITS_MAX]),
            more=len(hits) > HITS_MAX or len(found) >= CANDIDATES,
        )

    def find_in_hubspot(self, text: str, actor: Actor) -> Hits:
        """By HubSpot's own search: phone numbers too, and whom the mirror lacks. Two calls.

        Raises:
            NotAllowed: this person may not look contacts up.
            TooMany, JournalError: as ``find``.
            GatewayError: HubSpot does not answer.
        """
        actor.require(Act.LOOK_UP)
        return self._noted(self._in_hubspot(cleaned(text)), actor)

    def _noted(self, hits: Hits, actor: Actor) -> Hits:
        if len(hits.asked) >= TEXT_MIN:
            self.access_log.searched(hits.asked, len(hits.hits), str(hits.where), actor)
        return hits

    def _in_hubspot(self, asked: str, mirror_fault: str = "") -> Hits:
        found: Sequence[Contact] = ()
        if len(asked) >= TEXT_MIN:
            found = self.crm.search_contacts(asked, limit=HITS_MAX + 1)
        return Hits(
            asked=asked,
            where=Where.HUBSPOT,
            hits=tuple(_of_contact(contact) for contact in found[:HITS_MAX]),
            more=len(found) > HITS_MAX,
            mirror_fault=mirror_fault,
        )

    def _of_row(self, found: Candidate) -> Hit:
        row = found.row
        return Hit(
            contact_id=ContactId(str(row["hubspot_id"])),
            name=name_of(row),
            email=str(row.get("email") or ""),
            student_id=str(row.get("student_id") or ""),
            balances=self._balances(row),
            by=found.by,
            booking=found.booking,
        )

    def _balances(self, row: Mapping[str, object]) -> Balances:
        return {key: value for key in self.catalogue.keys if isinstance(value := row.get(key), int)}


def name_of(row: Mapping[str, object]) -> str:
    """What to call the person of a mirror row."""
    name = " ".join(str(row[key]) for key in ("firstname", "lastname") if row.get(key))
    return name or str(row.get("email") or row["hubspot_id"])


def _of_contact(contact: Contact) -> Hit:
    return Hit(
        contact_id=ContactId(contact.id),
        name=contact.name,
        email=contact.email,
        student_id=contact.student_id,
        balances=contact.balances,
        by=FoundBy.HUBSPOT,
    )


def _written(row: Mapping[str, object]) -> str:
    names = ("firstname", "lastname", "email", "student_id")
    return " ".join(str(row.get(name) or "") for name in names)
