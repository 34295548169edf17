"""Fills the mirror: ``python -m sandbox.demo`` with {db_url, size, now} on standard input."""

import gc
import json
import sys
from datetime import datetime

from sandbox.demo.fill import fill_mirror
from sandbox.demo.size import Size

if __name__ == "__main__":
    gc.disable()
    order = json.loads(sys.stdin.read())
    moment = datetime.fromisoformat(order["now"])
    fill_mirror(order["db_url"], Size(**order["size"]), moment)
