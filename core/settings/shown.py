"""Settings as the audit may show them: by name, and nothing that is secret."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from core.settings.model import Settings

UNSET = "not set"


def told(settings: Settings) -> dict[str, str]:
    """Each setting's name and value; of a secret, a sign that changes when the secret does."""
    found = {}
    for name, field in type(settings).model_fields.items():
        called = field.alias or f"portal.toml {name}"
        found[called] = _told(called, getattr(settings, name))
    return found


def _told(name: str, value: Any) -> str:
    secrets = value if isinstance(value, tuple) else (value,)
    if isinstance(value, SecretStr) or any(isinstance(each, SecretStr) for each in secrets):
        return _sign(name, "\n".join(each.get_secret_value() for each in secrets))
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or UNSET
    if isinstance(value, list):
        value = [each.model_dump(mode="json") for each in value]
    elif hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return f"{value:g}" if isinstance(value, float) else str(value) or UNSET


def _sign(name: str, secret: str) -> str:
    """Sixteen bits of a slow hash: enough to see that it changed, too few to guess it by."""
    if not secret:
        return UNSET
    made = hashlib.scrypt(secret.encode(), salt=name.encode(), n=2**12, r=8, p=1, dklen=2)
    return f"secret, sign {made.hex()}"
