"""The same desk, seen by somebody of another role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from core.app import wiring
from core.credits.roles import Actor, Role
from tests.pages.stage import Stage


@dataclass(frozen=True, slots=True)
class Everybody:
    """``Access`` in which everybody has this role."""

    role: Role

    def first_admin(self) -> str:
        return ""

    def vouched(self, claims: Mapping[str, Any]) -> str:
        return str(claims["email"])

    def signed_in(self, claims: Mapping[str, Any]) -> Actor:
        return self.actor(str(claims["email"]))

    def actor(self, email: str) -> Actor:
        return Actor(email=email, role=self.role)


@contextmanager
def seen_by(made: Stage, role: Role) -> Iterator[None]:
    """Within, whoever is signed in has this role."""
    access: Any = Everybody(role)
    with wiring.use(replace(made.core, access=access)):
        yield
