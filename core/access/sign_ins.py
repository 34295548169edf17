"""What the claims of a sign-in are worth: until when it lasts, and whose address it names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.credits.roles import NotAllowed

#: A sign-in lasts a working day at most, whatever its provider's token says.
LASTS = timedelta(hours=12)
#: A provider's clock may be ahead of ours by so much.
SKEW = timedelta(minutes=5)
#: What Streamlit calls the provider that stands in ``[auth]`` itself.
DEFAULT_PROVIDER = "default"
#: Where the claims of a sign-in name its record.
RECORD = "sign_in"
#: What a cookie keeps of a sign-in. Providers add groups and pictures without end, and a browser
#: or a server that finds its cookies too long lets nobody in.
KEPT = ("origin", "is_logged_in", "provider", "iss", "sub", "email", "email_verified", "iat", "exp")
#: Letters of the longest value that is kept: an e-mail address has 254 at most, a subject 255.
WORD_MAX = 300


class SignInEnded(NotAllowed):
    """The sign-in is over: by its time, by signing out, or because this desk never began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a desk keeps of a sign-in until it is over. Without it, a cookie opens nothing."""

    id: str
    #: In small letters. "" when the provider vouches for none, which opens nothing.
    email: str
    at: datetime
    #: From then on it is over whoever asks; its record may go.
    until: datetime


def slim(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Of the claims those that are needed; of these none that is as long as no such thing is."""
    kept = {name: claims[name] for name in KEPT if name in claims}
    return {name: value for name, value in kept.items() if len(str(value)) <= WORD_MAX}


def record_of(claims: Mapping[str, Any]) -> str:
    """The id of the record that these claims name, "" for none."""
    named = claims.get(RECORD)
    return named if isinstance(named, str) else ""


def ended(claims: Mapping[str, Any], now: datetime) -> bool:
    """Whether this sign-in is over: Streamlit's cookie outlives the provider's token by weeks.

    OpenID Connect demands both times. One that cannot be read is over, and so is a sign-in that
    begins in the future: what cannot be judged is not trusted.
    """
    begun, until = _moment(claims.get("iat")), _moment(claims.get("exp"))
    if begun is None or begun > now + SKEW or ("exp" in claims and until is None):
        return True
    longest = begun + LASTS
    return now >= (longest if until is None else min(until, longest))


def address(claims: Mapping[str, Any], unverified_from: Collection[str]) -> str:
    """The e-mail address that the provider vouches for.

    ``unverified_from``: providers that are trusted without saying so of each address, because they
    never do.

    Raises:
        NotAllowed: there is none, or it could be anybody's.
    """
    email = stated(claims)
    if not email:
        raise NotAllowed(
            "the sign-in names no e-mail address. Sign in with an account that has one"
        )
    verified = claims.get("email_verified")
    if verified is True or (isinstance(verified, str) and verified.casefold() == "true"):
        return email
    provider = claims.get("provider", DEFAULT_PROVIDER)
    if verified is None and provider in unverified_from:
        return email
    if verified is None:
        raise NotAllowed(
            f"the provider of this sign-in does not say that {email} was verified. Ask whoever "
            "runs this desk to look at CREDIT_DESK_UNVERIFIED_PROVIDERS"
        )
    raise NotAllowed(
        f"{email} was never verified, and could be anybody's. Verify it at the provider of the "
        "sign-in, then sign in again"
    )


def stated(claims: Mapping[str, Any]) -> str:
    """The address as it stands in the claims, "" for none. Proves nothing."""
    email = claims.get("email")
    return email.strip() if isinstance(email, str) else ""


def _moment(stated: object) -> datetime | None:
    """Seconds since 1970 as a time; None when they are nothing of the kind."""
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return None
    try:
        return datetime.fromtimestamp(stated, UTC)
    except (ValueError, OverflowError, OSError):
        return None
