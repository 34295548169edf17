"""A local sign-in provider: OpenID Connect with one demo user for each role.

A client that names one of them (``login_hint``) and wants no page (``prompt=none``) gets that user
at once; any other gets the page of oidc-provider-mock, which lists them. No password is asked. It
runs as a process of its own (``python -m sandbox.identity PORT``), beside the start of the rest.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from sandbox import ports
from sandbox.processes import HOST, Child, accepts

AUTHORIZE, END_SESSION = "/oauth2/authorize", "/oauth2/end_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """Somebody who signs in by one click. The desk keeps their role, the provider knows none."""

    email: str
    name: str
    role: str
    #: What the role may do, in a sentence.
    may: str


DEMO_USERS = (
    DemoUser(
        email="admin@example.test",
        name="Ada Admin",
        role="admin",
        may="Does everything: bulk refunds and cancellations, adjustments, repairs, roles.",
    ),
    DemoUser(
        email="manager@example.test",
        name="Mo Manager",
        role="manager",
        may="Watches overview, drift, operations and audit. Changes nothing.",
    ),
    DemoUser(
        email="staff@example.test",
        name="Sam Staff",
        role="staff",
        may="Looks up students and exams. Books and cancels for one student at a time.",
    ),
)

#: As WSGI calls an app.
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


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
        User(
            sub=user.email,
            claims={"email": user.email, "email_verified": True, "name": user.name},
        )
        for user in DEMO_USERS
    ]
    provider = at_once(app(user_claims=claims))
    make_server(HOST, port, provider, threaded=True, request_handler=Quiet).serve_forever()


def at_once(app: Wsgi) -> Wsgi:
    """Answers for the person where nothing is to be asked: a user who is named, and a sign-out."""
    emails = {user.email for user in DEMO_USERS}

    def answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        match environ["PATH_INFO"]:
            case path if path == AUTHORIZE and asked.get("prompt") == "none":
                if asked.get("login_hint") in emails:
                    del asked["prompt"]  # else oidc-provider-mock demands an earlier sign-in
                    environ["QUERY_STRING"] = urlencode(asked)
                    _submit(environ, path, {"sub": asked["login_hint"]})
            case path if path == END_SESSION and "post_logout_redirect_uri" in asked:
                onward = {"redirect_uri": asked["post_logout_redirect_uri"]}
                _submit(environ, f"{path}/confirm", onward)
        return app(environ, start_response)

    return answered


def _submit(environ: dict[str, Any], path: str, form: dict[str, str]) -> None:
    """Make of the request for a page the one that its form would send."""
    body = urlencode(form).encode()
    environ |= {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }


if __name__ == "__main__":
    serve(int(sys.argv[1]))
