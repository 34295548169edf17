"""What every request passes before anything of the desk or of Streamlit sees it, in this order."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware

from api.guard.addresses import Addresses
from api.guard.connections import install
from api.guard.headers import SecurityHeaders
from api.guard.hosts import Hosts
from api.guard.limits import Limits
from api.guard.public import Public
from api.guard.signing import SigningIn
from api.guard.sockets import Sockets
from api.guard.tally import Tally
from api.guard.uploads import Uploads
from api.guard.visitors import Visitors

__all__ = ["Public", "Tally", "Visitors", "guards", "install"]


def guards(
    public: Public, inline_scripts: Sequence[str], tally: Tally, visitors: Visitors
) -> list[Middleware]:
    """The outermost first. ``inline_scripts``: hashes of those that the pages may run.

    ``public``: how the server is called. ``tally``: counts what ``/api`` answers.
    ``visitors``: what the pages know of whoever sends something.
    """
    return [
        Middleware(SecurityHeaders, public=public, inline_scripts=inline_scripts),
        Middleware(Hosts, public=public),
        Middleware(Addresses),
        Middleware(Limits, tally=tally),
        Middleware(Sockets, visitors=visitors),
        Middleware(SigningIn, visitors=visitors),
        Middleware(Uploads, visitors=visitors),
    ]
