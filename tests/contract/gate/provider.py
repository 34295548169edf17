"""A sign-in provider that tells far too much of its one user, the admin.

``python -m tests.contract.gate.provider`` prints its port, and serves until it is ended.
"""

from __future__ import annotations

import sys

from oidc_provider_mock import User, app  # type: ignore[import-untyped]
from werkzeug.serving import make_server

from tests.pages.stage import ADMIN

#: Every group of the directory, and the picture itself: 40 kB.
MUCH = {
    "groups": [f"group {n:04} of the school's directory" for n in range(800)],
    "picture": "data:image/png;base64," + "iVBORw0KGgo" * 1_000,
    "name": "Ada Admin",
}

if __name__ == "__main__":
    claims = {"email": ADMIN, "email_verified": True, **MUCH}
    server = make_server("127.0.0.1", 0, app(user_claims=[User(sub=ADMIN, claims=claims)]))
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
