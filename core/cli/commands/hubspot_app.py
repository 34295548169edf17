"""``hubspot-app``: the files of a HubSpot app for the desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.app import Json, app
from core.cli.output import show, told
from core.credits.account import Portal
from core.mirror.hubspot_app import app_file, webhooks_file
from core.mirror.webhooks import PATH
from core.settings import load

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="where to write them; made if missing")
]


@app.command("hubspot-app")
def hubspot_app(folder: Folder, json: Json = False) -> None:
    """Write app-hsmeta.json and webhooks-hsmeta.json for this account. Asks HubSpot nothing.

    Objects and properties are those of portal.toml, the address is CREDIT_DESK_PUBLIC_URL. What to
    do with the files: docs/hubspot-access.md.
    """
    with told():
        settings = load()
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in files(settings.portal, settings.public_url).items():
            (folder / name).write_text(content, encoding="utf-8")
            written.append(str(folder / name))
        show({"written": written}, as_json=json)


def files(portal: Portal, public_url: str) -> dict[str, str]:
    """The name of each file and its text. ``public_url`` empty: an example address."""
    made = {
        "app-hsmeta.json": app_file(),
        "webhooks-hsmeta.json": webhooks_file(portal, public_url, PATH),
    }
    return {name: _text(content) for name, content in made.items()}


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
