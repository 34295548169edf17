"""Where Supabase's own screens show the tables.

Pure.
"""

from __future__ import annotations

import re

#: A hosted project by its address. Any other is not ours to guess.
HOSTED = re.compile(r"https://([a-z0-9]{8,40})\.supabase\.co/?")


def editor_url(url: str, schema: str) -> str:
    """The table editor of this project, at this schema; "" where nobody can know it.

    ``url``: the project's, as the settings have it.
    """
    found = HOSTED.fullmatch(url)
    if found is None:
        return ""
    return f"https://supabase.com/dashboard/project/{found[1]}/editor?schema={schema}"
