"""HubSpot's own kinds of association, by its numbers, which are the same in every account.

The numbers are those that HubSpot's clients list. A pair of HubSpot's own types that is not here
cannot be associated; the account's own types are, under numbers of the account.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTACT, COMPANY, DEAL, TICKET, LINE_ITEM, QUOTE = "0-1", "0-2", "0-3", "0-5", "0-8", "0-14"
COMMUNICATION, FEEDBACK, TASK, NOTE = "0-18", "0-19", "0-27", "0-46"
MEETING, CALL, EMAIL, POSTAL_MAIL = "0-47", "0-48", "0-49", "0-116"

#: the first end has at most one tie of each of these kinds
PRIMARY = frozenset({1, 5, 26})


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One kind of tie in one direction; `back` is the number of its other direction."""

    number: int
    back: int
    name: str
    label: str | None = None


#: (from, to): number of the unlabelled tie, and of its other direction
_PLAIN = {
    (CONTACT, CONTACT): (449, 449),
    (COMPANY, COMPANY): (450, 450),
    (DEAL, DEAL): (451, 451),
    (TICKET, TICKET): (452, 452),
    (CONTACT, COMPANY): (279, 280),
    (CONTACT, DEAL): (4, 3),
    (CONTACT, TICKET): (15, 16),
    (CONTACT, QUOTE): (70, 69),
    (CONTACT, COMMUNICATION): (82, 81),
    (CONTACT, FEEDBACK): (97, 98),
    (CONTACT, CALL): (193, 194),
    (CONTACT, EMAIL): (197, 198),
    (CONTACT, MEETING): (199, 200),
    (CONTACT, NOTE): (201, 202),
    (CONTACT, TASK): (203, 204),
    (CONTACT, POSTAL_MAIL): (454, 453),
    (COMPANY, DEAL): (342, 341),
    (COMPANY, TICKET): (340, 339),
    (COMPANY, QUOTE): (72, 71),
    (COMPANY, COMMUNICATION): (88, 87),
    (COMPANY, CALL): (181, 182),
    (COMPANY, EMAIL): (185, 186),
    (COMPANY, MEETING): (187, 188),
    (COMPANY, NOTE): (189, 190),
    (COMPANY, TASK): (191, 192),
    (COMPANY, POSTAL_MAIL): (460, 459),
    (DEAL, TICKET): (27, 28),
    (DEAL, LINE_ITEM): (19, 20),
    (DEAL, QUOTE): (63, 64),
    (DEAL, COMMUNICATION): (86, 85),
    (DEAL, CALL): (205, 206),
    (DEAL, EMAIL): (209, 210),
    (DEAL, MEETING): (211, 212),
    (DEAL, NOTE): (213, 214),
    (DEAL, TASK): (215, 216),
    (DEAL, POSTAL_MAIL): (458, 457),
    (TICKET, COMMUNICATION): (84, 83),
    (TICKET, FEEDBACK): (99, 100),
    (TICKET, CALL): (219, 220),
    (TICKET, EMAIL): (223, 224),
    (TICKET, MEETING): (225, 226),
    (TICKET, NOTE): (227, 228),
    (TICKET, TASK): (229, 230),
    (TICKET, POSTAL_MAIL): (456, 455),
    (QUOTE, LINE_ITEM): (67, 68),
    (QUOTE, TASK): (217, 218),
    (CALL, MEETING): (399, 400),
}
#: (from, to): number, number of the other direction, label, label of the other direction
_LABELLED = {
    (CONTACT, COMPANY): (1, 2, "Primary", "Primary"),
    (DEAL, COMPANY): (5, 6, "Primary", "Primary"),
    (TICKET, COMPANY): (26, 25, "Primary", "Primary"),
    (COMPANY, COMPANY): (13, 14, "Child Company", "Parent Company"),
}
_NAMES = {
    CONTACT: "contact",
    COMPANY: "company",
    DEAL: "deal",
    TICKET: "ticket",
    LINE_ITEM: "line_item",
    QUOTE: "quote",
    COMMUNICATION: "communication",
    FEEDBACK: "feedback_submission",
    TASK: "task",
    NOTE: "note",
    MEETING: "meeting_event",
    CALL: "call",
    EMAIL: "email",
    POSTAL_MAIL: "postal_mail",
}


def built_in(from_type: str, to_type: str) -> list[BuiltIn]:
    """The kinds of tie between two of HubSpot's own types, the unlabelled one first."""
    found = []
    name = f"{_NAMES.get(from_type)}_to_{_NAMES.get(to_type)}"
    if (plain := _PLAIN.get((from_type, to_type))) is not None:
        found.append(BuiltIn(*plain, name))
    elif (plain := _PLAIN.get((to_type, from_type))) is not None:
        found.append(BuiltIn(plain[1], plain[0], name))
    if (there := _LABELLED.get((from_type, to_type))) is not None:
        number, back, label, other = there
        found.append(BuiltIn(number, back, _labelled_name(name, label), label))
        if from_type == to_type:
            found.append(BuiltIn(back, number, _labelled_name(name, other), other))
    elif (there := _LABELLED.get((to_type, from_type))) is not None:
        back, number, _, label = there
        found.append(BuiltIn(number, back, _labelled_name(name, label), label))
    return found


def _labelled_name(name: str, label: str) -> str:
    return f"{name}_{label.split(maxsplit=1)[0].lower()}"
