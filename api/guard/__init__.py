"""What every request passes before anything of the desk or of Streamlit sees it, in this order."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware

from api.guard.addresses import Addresses
from api.guard.headers import SecurityHeaders
from api.guard.hosts import Hosts
from api.guard.limits import Limits
from api.guard.public import Public
from api.guard.tally import Tally

__all__ = ["Public", "Tally", "guards"]


def guards(public: Public, inline_scripts: Sequence[str], tally: Tally) -> list[Middleware]:
    """The outermost first. ``inline_scripts``: hashes of those that the pages may run.

    ``public``: how the server is called. ``tally``: counts what ``/api`` answers.
    """
    return [
        Middleware(SecurityHeaders, public=public, inline_scripts=inline_scripts),
        Middleware(Hosts, public=public),
        Middleware(Addresses),
        Middleware(Limits, tally=tally),
    ]
