"""How machines are told that something is wrong: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse


class Problem(JSONResponse):
    """What is wrong, for a program by its status and for a person in words."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        """``headers``: by their names with underscores, such as ``Retry_After``."""
        content = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(content, status_code=status, headers=named)
