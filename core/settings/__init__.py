"""All settings, from the environment, ``.streamlit/secrets.toml`` and ``portal.toml``.

The first of the three that names a setting wins. No other module reads the environment. The
model stands in a module of its own, because pydantic takes a third of a second to import.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.settings.faults import BadSettings, SettingFault

if TYPE_CHECKING:
    from core.settings.model import Settings

__all__ = ["BadSettings", "SettingFault", "Settings", "load"]


def load(root: Path | None = None) -> Settings:
    """The settings of this process; ``root`` is the folder that holds the two files.

    Raises:
        BadSettings: names every setting that is missing or wrong, and how to mend each.
    """
    from core.settings.model import read  # noqa: PLC0415 - see above

    return read(root or Path.cwd())


def __getattr__(name: str) -> Any:
    if name == "Settings":
        from core.settings.model import Settings  # noqa: PLC0415 - see above

        return Settings
    raise AttributeError(name)
