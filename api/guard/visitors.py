"""What the guards ask of the pages, which alone know Streamlit's cookies, messages and files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """Three questions about whoever sends something."""

    #: Whether a request or handshake with these cookies comes from somebody who is signed in. It
    #: asks the store, and so is asked through ``knows``.
    is_signed_in: Callable[[Mapping[str, str]], bool]
    #: What a message of a websocket asks for that its sender may not ask, "" when they may; given
    #: the message, and whether they are signed in.
    unwanted: Callable[[bytes, bool], str]
    #: Bytes of uploaded files in memory, by session.
    held: Callable[[], Counter[str]]

    async def knows(self, scope: Scope) -> bool:
        """``is_signed_in``, in a thread, so that others are served meanwhile."""
        cookies = HTTPConnection(scope).cookies
        return bool(cookies) and await asyncio.to_thread(self.is_signed_in, cookies)
