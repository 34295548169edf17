"""Kinds of setting: how each is read from a word, and what is wrong with one that cannot be."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from core.settings import cron

#: With a port or without; an IPv6 address in brackets. No "*": each name is named.
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9_.-]*)(:[0-9]{1,5})?")
SQLITE = "sqlite:///"
#: Where people are told of troubles, as a place for heads of the audit.
NOTIFY = "notify"
#: One that cannot be guessed by trying.
TOKEN_LENGTH = 16


def _listed(raw: object) -> object:
    """A list as TOML has it, or as the environment can: words parted by commas or lines."""
    return raw.replace("\n", ",").split(",") if isinstance(raw, str) else raw


def _mails(raw: tuple[str, ...]) -> tuple[str, ...]:
    mails = tuple(dict.fromkeys(mail.strip().casefold() for mail in raw if mail.strip()))
    if any(mail.count("@") != 1 for mail in mails):
        raise ValueError("holds something that is not an e-mail address")
    return mails


def _domains(raw: tuple[str, ...]) -> tuple[str, ...]:
    named = (word.strip().removeprefix("@").casefold() for word in raw)
    domains = tuple(dict.fromkeys(domain for domain in named if domain))
    if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain) for domain in domains):
        raise ValueError("holds something that is not a domain")
    return domains


def _domain_providers(raw: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [word.strip().partition("=") for word in raw if word.strip()]
    if not all(domain.strip() and provider.strip() for domain, _, provider in pairs):
        raise ValueError("holds something that is not a domain, = and a provider's name")
    domains = [_domains((domain,))[0] for domain, _, _ in pairs]
    providers = [provider.strip() for _, _, provider in pairs]
    return tuple(f"{of}={provider}" for of, provider in zip(domains, providers, strict=True))


def _names(raw: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in raw if word.strip()))


def _secrets(raw: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    stripped = (secret.get_secret_value().strip() for secret in raw)
    return tuple(SecretStr(secret) for secret in stripped if secret)


def _address(raw: str) -> str:
    scheme, _, rest = raw.strip().partition("://")
    if scheme not in {"https", "http"} or not rest.strip("/"):
        raise ValueError("is not an address that begins with https://")
    return raw.strip().rstrip("/")


def _address_or_none(raw: str) -> str:
    return _address(raw) if raw.strip() else ""


def _head_place(raw: str) -> str:
    text = raw.strip()
    if "://" in text:
        return _address(text)
    if text and text != NOTIFY and not Path(text).is_absolute():
        raise ValueError("is neither an address, nor a whole path, nor the word notify")
    return text


def _schema(raw: str) -> str:
    name = raw.strip()
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}", name):
        raise ValueError("is no name of a schema: letters, digits and _, at most 63")
    if name.startswith("pg_") or name == "information_schema":
        raise ValueError("is a schema of PostgreSQL's own")
    return name


def _public(raw: str) -> str:
    address = _address_or_none(raw)
    parts = urlsplit(address)  # of an address in brackets that is none it raises ValueError
    if parts.path or parts.query or parts.fragment:
        raise ValueError("goes on after the host name, and the desk answers at / alone")
    if address and (not parts.hostname or "@" in parts.netloc or parts.port == 0):
        raise ValueError("names no host")
    return address


def _hosts(raw: tuple[str, ...]) -> tuple[str, ...]:
    words = (word.strip().casefold().rstrip(".") for word in raw)
    hosts = tuple(dict.fromkeys(word for word in words if word))
    if not all(HOST.fullmatch(host) for host in hosts):
        raise ValueError("holds something that is neither a host name nor an IP address")
    return hosts


def _database(raw: SecretStr) -> SecretStr:
    url = raw.get_secret_value().strip()
    if url.startswith("postgres://"):  # as some hosts still hand it out; SQLAlchemy refuses it
        url = url.replace("postgres://", "postgresql://", 1)
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("is neither sqlite:///... nor postgresql://...")
    if url.startswith(SQLITE) and not url.removeprefix(SQLITE).strip("/"):
        raise ValueError("names no file")
    if url.startswith(f"{SQLITE}:memory:"):
        raise ValueError("is forgotten when the process ends: name a file")
    return SecretStr(url)


def whole_path(url: SecretStr, root: Path) -> SecretStr:
    """``url``, a SQLite file as seen from the folder ``root``."""
    text = url.get_secret_value()
    if not text.startswith(SQLITE):
        return url
    file, question, query = text.removeprefix(SQLITE).partition("?")
    return SecretStr(f"{SQLITE}{root.absolute() / file}{question}{query}")


def _token(raw: SecretStr) -> SecretStr:
    token = raw.get_secret_value().strip()
    if token and len(token) < TOKEN_LENGTH:
        raise ValueError(f"is shorter than {TOKEN_LENGTH} characters")
    return SecretStr(token)


def _filled(raw: SecretStr) -> SecretStr:
    secret = raw.get_secret_value().strip()
    if not secret:
        raise ValueError("is empty")
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        # httpx would refuse to send it, and quote it
        raise ValueError("holds a space, a line break or another character that no key has")
    return SecretStr(secret)


def _none_if_off(raw: object) -> object:
    """An empty word is no number: not even 0, which would mean "always"."""
    return None if isinstance(raw, str) and raw.strip().casefold() in {"", "off"} else raw


def is_local(url: str) -> bool:
    """Whether the address is of this machine. One that cannot be read is not."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


CronText = Annotated[str, AfterValidator(cron.expression)]
ZoneName = Annotated[str, AfterValidator(cron.zone)]
Address = Annotated[str, AfterValidator(_address)]
HeadPlace = Annotated[str, AfterValidator(_head_place)]
OptionalAddress = Annotated[str, AfterValidator(_address_or_none)]
PublicAddress = Annotated[str, AfterValidator(_public)]
OptionalCount = Annotated[
    Annotated[int, Field(ge=0)] | None,
    BeforeValidator(_none_if_off),
    Field(description='Set a whole number from 0 up, or "off"'),
]
OptionalToken = Annotated[SecretStr, AfterValidator(_token)]
Secret = Annotated[SecretStr, AfterValidator(_filled)]
SchemaName = Annotated[str, AfterValidator(_schema)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
Mails = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_mails)]
Domains = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_domains)]
DomainProviders = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_domain_providers)
]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_hosts)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_names)]
Secrets = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_secrets)
]
