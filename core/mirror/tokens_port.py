"""What the services need of the sign-in of the student apps: whose token this is."""

from __future__ import annotations

from typing import Protocol


class BadToken(Exception):
    """It is none of this project's, it has ended, or it names nobody. The message says which."""


class StudentTokens(Protocol):
    """Tells whose sign-in a token is."""

    def email(self, token: str) -> str:
        """The e-mail address that it was issued for, in small letters.

        Raises:
            BadToken: it opens nothing.
            NotSent: the keys that tokens are signed with cannot be read now.
        """
        ...
