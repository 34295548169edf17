"""The ``[auth]`` section of the secrets: who offers to sign people in, and what is wrong with it.

The section is Streamlit's. It complains of the first fault, by a traceback, once somebody clicks;
here all are found before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.secrets import AttrDict

from core.access.sign_ins import DEFAULT_PROVIDER
from core.settings.faults import SettingFault
from core.settings.model import Settings

#: What every provider needs.
KEYS = ("client_id", "client_secret", "server_metadata_url")
#: Tables of ``[auth]`` that are no provider.
NO_PROVIDERS = {"client_kwargs"}
#: As Streamlit asks for it: random bytes, written out.
COOKIE_SECRET_MIN = 32
CALLBACK = "/oauth2callback"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Somebody who can say who a person is."""

    #: As ``st.login`` takes it: the name of its section, None for ``[auth]`` itself.
    name: str | None
    #: What its button says in place of its name, and a sentence below it; "": nothing is stated.
    label: str = ""
    about: str = ""

    @property
    def button(self) -> str:
        """What its button says among others."""
        if self.label:
            return self.label
        if self.name is None:
            return "Sign in"
        return f"Sign in with {self.name.replace('-', ' ').title()}"


def section() -> object:
    """``[auth]`` as it stands in the secrets, None when there is none."""
    try:
        found = st.secrets.get("auth")
    except StreamlitSecretNotFoundError:
        return None
    return found.to_dict() if isinstance(found, AttrDict) else found


def of_settings(settings: Settings, origin: str) -> object:
    """``[auth]`` of the secrets, with what the settings say in its place; None: neither is there.

    A setting from the environment wins over the file, as with all settings. ``origin``: the public
    address, from which the address to come back to follows unless it is set; empty: there is none.
    """
    stated = {
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret.get_secret_value(),
        "server_metadata_url": settings.oidc_metadata_url,
        "redirect_uri": settings.oidc_redirect_uri,
        "cookie_secret": settings.auth_cookie_secret.get_secret_value(),
    }
    given = {key: word.strip() for key, word in stated.items() if word.strip()}
    written = section()
    if not given or not isinstance(written, Mapping | None):
        return written
    here = {"redirect_uri": f"{origin}{CALLBACK}"} if origin else {}
    return {**here, **(written or {}), **given}


def misplaced(auth: object, answered: Callable[[str], bool]) -> list[SettingFault]:
    """The fault of an address to come back to that this server would not answer.

    ``answered``: whether it answers to a ``Host``.
    """
    redirect = _word(auth.get("redirect_uri")) if isinstance(auth, Mapping) else ""
    # Streamlit puts its own port in the place of "{port}"
    redirect = redirect.replace(":{port}", "")
    if not _is_address(redirect) or answered(urlsplit(redirect).netloc):
        return []
    return [
        _fault(
            "redirect_uri in [auth]",
            "names a host that CREDIT_DESK_PUBLIC_URL does not name",
            f"Set the same address in both, this one with {CALLBACK} at its end",
        )
    ]


def providers(auth: object) -> list[Provider]:
    """Those that are named, the one of ``[auth]`` itself first."""
    if not isinstance(auth, Mapping):
        return []
    own = [Provider(name=None)] if any(key in auth for key in KEYS) else []
    return own + [_stated(name, auth[name]) for name in _sections(auth)]


def about(auth: object) -> str:
    """What whoever signs in here is told first, "" for nothing."""
    return _word(auth.get("about")) if isinstance(auth, Mapping) else ""


def _stated(name: str, section: Mapping[str, Any]) -> Provider:
    return Provider(
        name=None if name == DEFAULT_PROVIDER else name,
        label=_word(section.get("label")),
        about=_word(section.get("about")),
    )


def faults(auth: object) -> list[SettingFault]:
    """All that is missing or wrong. Never holds a value: it may be a secret."""
    if not isinstance(auth, Mapping):
        return [_fault("[auth]", "is no section", "Write it as docs/access.md shows")]
    found = [*_own_faults(auth)]
    named = providers(auth)
    if not named:
        told = f"Set {', '.join(KEYS)} there, or in a section [auth.NAME] for each"
        found.append(_fault("[auth]", "names no provider", told))
    for provider in named:
        found += _provider_faults(provider, auth)
    return found


def _sections(auth: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, value in auth.items()
        if isinstance(value, Mapping) and name not in NO_PROVIDERS
    ]


def _own_faults(auth: Mapping[str, Any]) -> Iterator[SettingFault]:
    """Of what all providers share."""
    redirect = _word(auth.get("redirect_uri"))
    if not _is_address(redirect) or urlsplit(redirect).path != CALLBACK:
        yield _fault(
            "redirect_uri in [auth]",
            "is missing" if not redirect else f"is no address with the path {CALLBACK}",
            f"Set how browsers call this app, such as https://desk.example.org{CALLBACK}",
        )
    secret = _word(auth.get("cookie_secret"))
    if len(secret) < COOKIE_SECRET_MIN:
        yield _fault(
            "cookie_secret in [auth]",
            "is missing" if not secret else f"is shorter than {COOKIE_SECRET_MIN} letters",
            "Make one: python -c 'import secrets; print(secrets.token_hex())'",
        )


def _provider_faults(provider: Provider, auth: Mapping[str, Any]) -> Iterator[SettingFault]:
    name = provider.name or DEFAULT_PROVIDER
    own = auth.get(name)
    values, where = (own, f"[auth.{name}]") if isinstance(own, Mapping) else (auth, "[auth]")
    if "_" in name:
        yield _fault(where, "has an underscore in its name", "Streamlit takes none: use a hyphen")
    for key in KEYS:
        value = _word(values.get(key))
        if not value:
            yield _fault(f"{key} in {where}", "is missing", "Copy it from the provider")
        elif key == "server_metadata_url" and not _is_address(value, private=True):
            yield _fault(
                f"{key} in {where}",
                "is no address that begins with https://",
                "Copy the provider's address that ends with /.well-known/openid-configuration",
            )


def _fault(name: str, problem: str, mend: str) -> SettingFault:
    return SettingFault(name=name, problem=problem, mend=mend)


def _word(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_address(value: str, *, private: bool = False) -> bool:
    """``private``: what comes from there is believed, so nobody on the way may change it."""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return False
    schemes = {"https"} if private and host not in LOOPBACK else {"https", "http"}
    return parts.scheme in schemes and bool(host)
