"""A local sign-in provider: OpenID Connect with one demo user for each role.

The sign-in page of oidc-provider-mock lists the users; a click signs in, no password is asked. It
runs as a process of its own (``python -m sandbox.identity PORT``), beside the start of the rest.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox import ports
from sandbox.processes import HOST, Child, accepts

#: e-mail -> name. The role of each is kept by the desk, not by the provider.
DEMO_USERS = {
    "admin@example.test": "Ada Admin",
    "manager@example.test": "Mo Manager",
    "staff@example.test": "Sam Staff",
}


@dataclass(slots=True)
class IdentityProvider:
    """``launch`` and go on; ``ready`` when the metadata URL is needed."""

    state_dir: Path
    port: int = 0
    _child: Child | None = field(default=None, init=False)

    def launch(self) -> None:
        self.port = self.port or ports.any_free()
        self._child = Child(
            name="the sign-in provider",
            command=[sys.executable, "-m", "sandbox.identity", str(self.port)],
            log=self.state_dir / "identity.log",
        )
        self._child.start()

    def ready(self) -> str:
        """The metadata URL that ``st.login`` wants. Raises SandboxError when it does not start."""
        if self._child is None:
            self.launch()
        if self._child is not None:
            self._child.wait_ready(lambda: accepts(self.port), 60)
        return f"http://{HOST}:{self.port}/.well-known/openid-configuration"

    @property
    def casualty(self) -> str | None:
        """Its name, if it has ended by itself."""
        return self._child.name if self._child and not self._child.running else None

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def __enter__(self) -> Self:
        self.launch()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(port: int) -> None:
    """Until a signal ends the process."""
    from oidc_provider_mock import User, app  # type: ignore[import-untyped]  # noqa: PLC0415
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: the log is for what nobody expected."""

    claims = [
        User(sub=email, claims={"email": email, "email_verified": True, "name": name})
        for email, name in DEMO_USERS.items()
    ]
    make_server(
        HOST, port, app(user_claims=claims), threaded=True, request_handler=Quiet
    ).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
