"""Reading a body no further than it may be, and no longer than it may take."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

READ_WITHIN_S = 10.0


class TooLong(Exception):
    """More came than may be."""


async def read(request: Request, most: int) -> bytes:
    """Raises ``TooLong`` before more than ``most`` bytes are held, and ``TimeoutError``."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise TooLong
    parts, size = [], 0
    async with asyncio.timeout(READ_WITHIN_S):
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise TooLong
            parts.append(part)
    return b"".join(parts)
