from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from pages.shared.access.door import inline_scripts, is_ours, wanted_address


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/bulk_refund",
        "/operations?operation=0b9c4214bb&view=Copies+to+Supabase",
        "/a?b=%C3%A9",
    ],
)
def test_our_own_addresses_are_led_back_to(address: str) -> None:
    assert is_ours(address)


@pytest.mark.parametrize(
    "address",
    ["", "//evil.test", "/\\evil.test", "https://evil.test", "/a\nSet-Cookie: x=1", "/a b", "a"],
)
def test_what_a_browser_could_read_as_another_place_is_not(address: str) -> None:
    assert not is_ours(address)


def test_the_wanted_address_is_where_the_person_came_from() -> None:
    headers = Headers({"host": "desk.test", "referer": "https://desk.test/bulk_refund?plan=1"})

    assert "/bulk_refund?plan=1" == wanted_address(headers)


@pytest.mark.parametrize(
    "referer", ["", "https://evil.test/bulk_refund", "https://desk.test//evil"]
)
def test_elsewhere_is_nowhere(referer: str) -> None:
    assert "/" == wanted_address(Headers({"host": "desk.test", "referer": referer}))


def test_streamlit_s_own_inline_script_is_known_by_its_hash() -> None:
    (script,) = inline_scripts()

    assert script.startswith("'sha256-")
