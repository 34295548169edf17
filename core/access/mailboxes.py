"""Which addresses reach the same person: four eyes are those of two people. Pure."""

from __future__ import annotations

#: Google's own mail ignores dots, and answers under both names
#: (https://support.google.com/mail/answer/7436150).
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def mailbox(email: str) -> str:
    """Where mail to this address arrives: "ann+two@school.test" is ann@school.test.

    A plus begins a tag at Google, Microsoft and most others; where it does not, two people are
    taken for one, who are then asked for a third: that is the safe mistake.
    """
    local, _, domain = email.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}@{domain}"


def one_mailbox(one: str, other: str) -> bool:
    """Whether both addresses are one person's, as far as addresses tell."""
    return mailbox(one) == mailbox(other)
