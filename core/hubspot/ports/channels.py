"""Channels: by which way students are told of an operation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """By which way HubSpot is asked to mail the students."""

    OFF = "off"
    #: Properties of the contact are set; a workflow of the account listens to them.
    PROPERTIES = "properties"
    #: HubSpot's transactional single-send API, with a template of the account.
    SINGLE_SEND = "single-send"


@dataclass(frozen=True, slots=True, kw_only=True)
class TellBy:
    """How the settings let students be told."""

    channel: Channel = Channel.OFF
    #: Of single-send: HubSpot's id of the e-mail that is the template.
    email_id: int = 0


NO_TELLING = TellBy()
