"""A local sign-in provider: OpenID Connect with one demo user for each role.

The sign-in page of oidc-provider-mock lists the users; a click signs in, no password is asked.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, field
from typing import Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.processes import HOST

with warnings.catch_warnings():  # of its own dependencies: nothing that we could mend
    warnings.simplefilter("ignore")
    from oidc_provider_mock import User, app  # type: ignore[import-untyped]

#: e-mail -> name. The role of each is kept by the desk, not by the provider.
DEMO_USERS = {
    "admin@example.test": "Ada Admin",
    "manager@example.test": "Mo Manager",
    "staff@example.test": "Sam Staff",
}


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the stack's log is for what people did not expect."""


@dataclass(slots=True)
class IdentityProvider:
    """Serves on its own thread of this process, on the loopback interface alone."""

    port: int = 0
    users: dict[str, str] = field(default_factory=lambda: dict(DEMO_USERS))
    _server: BaseWSGIServer | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> str:
        """The metadata URL that ``st.login`` wants. Raises OSError when the port is taken."""
        claims = [
            User(sub=email, claims={"email": email, "email_verified": True, "name": name})
            for email, name in self.users.items()
        ]
        self._server = make_server(
            HOST, self.port, app(user_claims=claims), threaded=True, request_handler=_Quiet
        )
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="identity"
        )
        self._thread.start()
        return self.metadata_url

    @property
    def metadata_url(self) -> str:
        return f"http://{HOST}:{self.port}/.well-known/openid-configuration"

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        if self._thread is not None:
            self._thread.join()
        server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
