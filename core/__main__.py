"""``python -m core``."""

import sys

from core.cli.app import app
from core.cli.commands import (  # noqa: F401 - they add their commands
    approving,
    audit,
    cancelling_exams,
    confirmed,
    desks,
    drift,
    exporting,
    forgetting,
    hubspot_app,
    keys,
    lookup,
    overview,
    owing,
    people,
    restoring,
    telling,
    trends,
    upkeep,
)
from core.cli.commands.kinds import adjusting, booking, moving, recounting  # noqa: F401 - the same
from core.cli.logs import to_stderr
from core.cli.terminal import unforeseen

if __name__ == "__main__":
    to_stderr()
    sys.excepthook = unforeseen
    app(prog_name="python -m core")
