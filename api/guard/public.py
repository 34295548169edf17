"""How the outside world calls the server, from one setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

#: Names that mean this very machine, whatever the port. No other machine's page has them.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """``CREDIT_DESK_PUBLIC_URL`` in its parts; without one all of them are empty.

    And ``CREDIT_DESK_EXTRA_HOSTS``: names by which the same server is called besides.
    """

    scheme: str
    host: str
    port: int | None
    #: Each with the port that it is called at; None: any.
    extra: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def of(cls, url: str, extra: Sequence[str] = ()) -> Self:
        """The settings have checked both before."""
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=(parts.hostname or "").rstrip("."),
            port=parts.port or PORTS.get(parts.scheme),
            extra=frozenset(named for each in extra if (named := _named(each))),
        )

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        """The public address as browsers state it; empty without one."""
        if not self.host:
            return ""
        return f"{self.scheme}://{self._authority}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def websocket(self) -> str:
        """The origin of its websockets, as a policy names it; empty without a public address."""
        if not self.host:
            return ""
        return f"{'wss' if self.secure else 'ws'}://{self._authority}"

    def is_host(self, header: str) -> bool:
        """Whether a ``Host`` header names this server: one of its names, or this machine's own."""
        named = _named(header)
        if named is None:
            return False
        host, port = named
        if host in LOOPBACK or not {(host, None), (host, port)}.isdisjoint(self.extra):
            return True
        return host == self.host and port in {None, self.port}

    def is_origin(self, origin: str, host: str) -> bool:
        """Whether a page of this server sent the request: of its public address, or of ``host``.

        ``host``: the request's own ``Host`` header, which is known to be ours.
        """
        scheme, _, rest = origin.partition("://")
        if scheme not in PORTS or _named(rest) is None:
            return False
        return rest.casefold() == host.casefold() or (
            scheme == self.scheme and _named(rest) in {(self.host, None), (self.host, self.port)}
        )


def _named(authority: str) -> tuple[str, int | None] | None:
    """Host and port; None for what is no such thing, or holds more."""
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or "@" in authority or parts.path or parts.query or parts.fragment:
        return None
    return host.rstrip("."), port
