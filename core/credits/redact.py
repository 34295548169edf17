"""What a store says of a failure may quote what it was given. Pure."""

from __future__ import annotations

import re

#: In place of what is nobody's business.
HIDDEN = "…"
_LETTER = r"[^\s@\\\"'<>(),:;=]"
_MAIL = re.compile(rf"{_LETTER}+@{_LETTER}+\.{_LETTER}+")
#: PostgreSQL quotes whole rows and keys.
_ROW = re.compile(r"(Failing row contains) \(.*\)", re.DOTALL)
_KEY = re.compile(r"(Key \([^)]*\))=\(.*?\)", re.DOTALL)


def unquoted(told: str, *secrets: str) -> str:
    """The same without these secrets, without e-mail addresses and rows of a table."""
    for secret in secrets:
        if secret:
            told = told.replace(secret, HIDDEN)
    told = _KEY.sub(rf"\1=({HIDDEN})", _ROW.sub(rf"\1 ({HIDDEN})", told))
    return _MAIL.sub(HIDDEN, told)
