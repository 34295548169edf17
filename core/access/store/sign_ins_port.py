"""The part of the journal that keeps the sign-ins that go on."""

from __future__ import annotations

from typing import Protocol

from core.access.sign_ins import SignIn


class SignInRecords(Protocol):
    """Each method is one transaction."""

    def begin_sign_in(self, begun: SignIn) -> None:
        """Keep it, and drop those that were over by then."""
        ...

    def sign_in(self, id_: str) -> SignIn | None:
        """The one of this id; None when it never was or was ended."""
        ...

    def end_sign_in(self, id_: str) -> None:
        """Drop it; nothing when it is not there."""
        ...
