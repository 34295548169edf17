"""What the docs point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.cli.entry import MODULES

ROOT = Path(__file__).resolve().parent.parent
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(doc: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", doc.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]

    assert [] == [link for link in local if not (doc.parent / link).exists()]


def test_every_make_target_has_its_line_in_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())

    assert phony == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_every_command_is_in_the_table_of_commands() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = operating.partition("## Commands")[2].partition("## Settings")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    named = {word for cell in cells for word in re.findall(r"`([a-z-]+)", cell)}

    assert MODULES.keys() <= named


def test_the_pictures_of_the_tour_are_few_and_small() -> None:
    pictures = [*(ROOT / "docs" / "img" / "tour").iterdir()]
    shown = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")

    assert {f"img/tour/{picture.name}" for picture in pictures} == set(
        re.findall(r"\]\((img/tour/[^)]+)\)", shown)
    )
    assert len(pictures) <= 8
    assert all(picture.stat().st_size <= 150_000 for picture in pictures)
