"""Headers that tell browsers what a page of ours may do, on every answer, Streamlit's too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard.addresses import is_api
from api.guard.public import Public

YEAR_S = 365 * 24 * 3600
#: Things that a desk of tables never needs.
UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "serial", "usb"),
)


def policy(public: Public, inline_scripts: Sequence[str]) -> str:
    """What pages may load and whom they may talk to: nobody but this server."""
    scripts = " ".join(["'self'", *inline_scripts])
    rules = [
        "default-src 'self'",
        f"script-src {scripts}",
        "style-src 'self' 'unsafe-inline'",  # Streamlit's styles are made in the browser
        "img-src 'self' data: blob:",  # icons within styles, what a grid paints
        "font-src 'self' data:",
        f"connect-src 'self' {public.websocket}".rstrip(),
        "worker-src 'self' blob:",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "object-src 'none'",
        "base-uri 'self'",
    ]
    return "; ".join(rules)


def security_headers(public: Public, inline_scripts: Sequence[str]) -> Mapping[str, str]:
    """The same for every answer."""
    headers = {
        "Content-Security-Policy": policy(public, inline_scripts),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if public.secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_S}"
    return headers


class SecurityHeaders:
    """The outermost: refusals carry the headers too. Behind TLS each cookie becomes ``Secure``.

    Streamlit leaves ``Secure`` out, because it does not know of the proxy's TLS.
    """

    def __init__(self, app: ASGIApp, *, public: Public, inline_scripts: Sequence[str]) -> None:
        """``app``: what comes after."""
        self.app = app
        self.secure = public.secure
        self.headers = security_headers(public, inline_scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Websockets are left alone: a browser reads no such headers from them."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                if is_api(scope["path"]):
                    headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    message["headers"] = [secured(*header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, answer)


def secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header, with ``Secure`` where it sets a cookie without it."""
    if name.lower() != b"set-cookie":
        return name, value
    attributes = {part.strip().lower() for part in value.split(b";")[1:]}
    return name, value if b"secure" in attributes else value + b"; Secure"
