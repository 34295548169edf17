"""Proving: that a request of an app is about the student who is signed in there."""

from __future__ import annotations

from dataclasses import dataclass

from core.access.api_key_rules import ApiKey
from core.credits.errors import UnknownId
from core.credits.records import ContactId, is_record_id
from core.hubspot.ports.crm import Crm
from core.mirror.tokens_port import BadToken, StudentTokens
from core.operations.protocol.each_item import each_item
from core.students.store.port import StudentStore


class NoProof(PermissionError):
    """The student's token is missing, does not hold, or is another student's."""


@dataclass(frozen=True, slots=True)
class StudentProof:
    """A key that needs the student opens nothing without; any other, with a token, only for it."""

    crm: Crm
    journal: StudentStore
    #: None: no token can be judged here.
    tokens: StudentTokens | None = None

    def signed_in(self, key: ApiKey, token: str) -> str:
        """Whose token it is, by e-mail; "": none was given, and none is needed.

        Raises:
            NoProof: it is missing or does not hold.
            NotSent: the keys that it is signed with cannot be read now.
        """
        if not token:
            if key.needs_student:
                raise NoProof("this key needs the student's own token beside it")
            return ""
        if self.tokens is None:
            raise NoProof("no student's token can be judged here")
        try:
            return self.tokens.email(token)
        except BadToken as error:
            raise NoProof(str(error)) from error

    def about(self, email: str, contact_id: ContactId) -> None:
        """Raise ``NoProof`` unless the contact has this e-mail in HubSpot now. One call.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        known = is_record_id(contact_id)  # the path is not judged yet
        contact = self.crm.contacts([contact_id])[contact_id] if known else None
        if contact is None or contact.email.strip().casefold() != email:
            raise NoProof("the token is not this student's")

    def named(self, email: str, asked: str) -> None:
        """Raise ``NoProof`` unless the student looked for is the one who is signed in."""
        if asked.strip().casefold() != email:
            raise NoProof("the token is not this student's")

    def about_operation(self, email: str, operation_id: str) -> None:
        """Raise ``NoProof`` unless every booking of the operation is this student's.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        proven: set[ContactId] = set()
        try:
            for item in each_item(self.journal, operation_id):
                if item.contact_id and item.contact_id not in proven:
                    self.about(email, item.contact_id)
                    proven.add(item.contact_id)
        except UnknownId:
            return  # as for anybody: there is none
