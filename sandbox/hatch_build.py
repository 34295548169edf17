"""Builds the wheel `hubspot-sandbox`: `sandbox.hubspot`, under the name `hubspot_sandbox`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import (  # type: ignore[import-not-found]
    BuildHookInterface,
)

#: the school's own students, of no use to anybody else
LEFT_OUT = {"live.py"}
NAME = re.compile(r"\bsandbox\.hubspot\b")


class Renamed(BuildHookInterface):  # type: ignore[misc]
    """Puts each module into the wheel with its imports named anew."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs."""
        if self.target_name != "wheel":
            return
        if version == "editable":
            raise RuntimeError("hubspot-sandbox has no editable install: pip install ./sandbox")
        source = Path(self.root) / "hubspot"
        self.scratch = tempfile.TemporaryDirectory()
        for path in sorted(source.rglob("*.py")):
            if path.name in LEFT_OUT:
                continue
            inside = path.relative_to(source)
            made = Path(self.scratch.name) / inside
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(NAME.sub("hubspot_sandbox", path.read_text("utf-8")), "utf-8")
            build_data["force_include"][str(made)] = f"hubspot_sandbox/{inside.as_posix()}"

    def finalize(self, *_: object) -> None:
        """Called by hatchling when the wheel is made."""
        if self.target_name == "wheel":
            self.scratch.cleanup()
