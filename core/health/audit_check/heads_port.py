"""The port to the place, outside the database, where heads of the audit are kept."""

from __future__ import annotations

from typing import Protocol


class HeadKeeper(Protocol):
    """A file, a receiver, or people who keep their mail."""

    def ship(self, line: str) -> None:
        """Have this line kept, after those before it.

        Raises:
            NotDelivered: it is not kept, or it is not known that it is.
        """
        ...

    def kept(self) -> str:
        """All lines; "": what is kept there cannot be read from here.

        Raises:
            OSError: it cannot be read now.
        """
        ...
