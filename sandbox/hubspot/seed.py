"""What a bulk load is given. Built by the demo data and by tests, read by the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeedVersion:
    """One entry of a property's history."""

    value: str | None
    at: datetime
    source_type: str
    source_id: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class SeedObject:
    """One CRM object. A property without history counts as set when the object was created."""

    object_type: str
    id: str
    properties: Mapping[str, str | None]
    created_at: datetime
    updated_at: datetime
    #: property name -> versions, oldest first; the last one is the value now
    history: Mapping[str, tuple[SeedVersion, ...]] = field(default_factory=dict)
    archived: bool = False


@dataclass(frozen=True, slots=True)
class SeedLink:
    """The default (unlabelled) association of two objects, both ways."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str
