"""``python -m core``."""

import sys

from core.cli.app import app
from core.cli.commands import (  # noqa: F401 - they add their commands
    adjusting,
    approving,
    audit,
    booking,
    cancelling_exams,
    desks,
    drift,
    exporting,
    forgetting,
    going_on,
    hubspot_app,
    keys,
    lookup,
    moving,
    overview,
    owing,
    people,
    restoring,
    telling,
    upkeep,
)
from core.cli.logs import to_stderr
from core.cli.terminal import unforeseen

if __name__ == "__main__":
    to_stderr()
    sys.excepthook = unforeseen
    app(prog_name="python -m core")
