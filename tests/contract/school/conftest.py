"""One school of each generation for the session; the desk is taken in once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from sandbox.school.generations import Generation
from tests.contract.school.world import School, school_before


@pytest.fixture(scope="session", params=list(Generation))
def school(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    """Adopted: the SQL was run twice, as it may be."""
    folder = tmp_path_factory.mktemp(f"school-{request.param}")
    with school_before(folder, request.param) as made, stamina.set_testing(True, attempts=2):
        for _ in range(2):
            made.db.execute(made.sql)
        made.open()
        made.wait_for_the_api()
        yield made
        made.close()
