"""The pipelines that a new HubSpot account has: one of deals, one of tickets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DEALS, TICKETS = "0-3", "0-5"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, with what is special about it."""

    id: str
    label: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline and its stages, in the order shown."""

    id: str
    label: str
    stages: tuple[Stage, ...]


def _deal(id_: str, label: str, probability: str) -> Stage:
    closed = "true" if probability in {"0.0", "1.0"} else "false"
    return Stage(id_, label, {"isClosed": closed, "probability": probability})


def _ticket(id_: str, label: str, state: str = "OPEN") -> Stage:
    closed = "true" if state == "CLOSED" else "false"
    return Stage(id_, label, {"isClosed": closed, "ticketState": state})


PIPELINES: dict[str, tuple[Pipeline, ...]] = {
    DEALS: (
        Pipeline(
            "default",
            "Sales Pipeline",
            (
                _deal("appointmentscheduled", "Appointment Scheduled", "0.2"),
                _deal("qualifiedtobuy", "Qualified To Buy", "0.4"),
                _deal("presentationscheduled", "Presentation Scheduled", "0.6"),
                _deal("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
                _deal("contractsent", "Contract Sent", "0.9"),
                _deal("closedwon", "Closed Won", "1.0"),
                _deal("closedlost", "Closed Lost", "0.0"),
            ),
        ),
    ),
    TICKETS: (
        Pipeline(
            "0",
            "Support Pipeline",
            (
                _ticket("1", "New"),
                _ticket("2", "Waiting on contact"),
                _ticket("3", "Waiting on us"),
                _ticket("4", "Closed", "CLOSED"),
            ),
        ),
    ),
}


def choices(type_id: str) -> Iterator[tuple[str, str]]:
    """The pipelines of an object type, as options of a property."""
    return ((one.id, one.label) for one in PIPELINES.get(type_id, ()))


def stages(type_id: str) -> Iterator[tuple[str, str]]:
    """The stages of all its pipelines, as options of a property."""
    return ((s.id, s.label) for one in PIPELINES.get(type_id, ()) for s in one.stages)
