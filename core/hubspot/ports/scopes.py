"""The scopes that the desk needs of its token, and what each is for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

#: Scope to what it is for. Without one of these something is refused every day.
NEEDED: Mapping[str, str] = {
    "crm.objects.contacts.read": "read contacts and their notes",
    "crm.objects.contacts.write": "write credits and notes",
    "crm.objects.custom.read": "read bookings and exams",
    "crm.objects.custom.write": "cancel, book and mark bookings, count seats, activate exams",
    "crm.schemas.contacts.read": "check the properties of contacts",
    "crm.schemas.custom.read": "check custom objects and their properties, find them by name",
}
#: Needed once, for ``provision``; they may be taken away afterwards.
FOR_PROVISION: Mapping[str, str] = {
    "crm.schemas.contacts.write": "make the marker property of contacts",
    "crm.schemas.custom.write": "make the marker property of bookings and exams",
}
#: Wanted, and done without: people of HubSpot are then told by their ids.
FOR_NAMES: Mapping[str, str] = {"crm.objects.owners.read": "name the people of HubSpot"}
#: Needed where CREDIT_DESK_TELL is single-send, and granted by hand: not every account has it.
FOR_MAILS: Mapping[str, str] = {"transactional-email": "tell students by e-mail"}
