"""What the guards are told of Streamlit's messages, and of who sends them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from api.guard import Visitors
from pages.shared.access import cookies, visitors
from pages.shared.access.visitors import UNREADABLE, unwanted
from tests.pages.stage import ADMIN, Stage, come_in, signed_in

SECRET, USER = "x" * 64, "_streamlit_user"

SIGN_IN_PAGE = {"rerun_script", "stop_script", "app_heartbeat"}
PAGES = SIGN_IN_PAGE | {"file_urls_request"}
#: Every message that this release of Streamlit knows, each of the operations by its own name.
KNOWN = [each.name for each in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
OPERATIONS = [
    each.name for each in BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields
]


def message(name: str) -> bytes:
    asked: Any = BackMsg()
    holder = asked.backend_operation_request if name in OPERATIONS else asked
    field = getattr(holder, name)
    if isinstance(field, bool):
        setattr(holder, name, True)
    else:
        field.SetInParent()
    return bytes(asked.SerializeToString())


@pytest.mark.parametrize("name", sorted({*KNOWN, *OPERATIONS} - {"backend_operation_request"}))
def test_only_what_the_pages_send_is_wanted(name: str) -> None:
    for_people = PAGES | {"deferred_file", "dataframe_chunk"}

    assert (name in for_people) == (unwanted(message(name), True) == "")
    assert (name in SIGN_IN_PAGE) == (unwanted(message(name), False) == "")


def test_what_is_dropped_is_told_by_its_name() -> None:
    assert "load_git_info" == unwanted(message("load_git_info"), True)
    assert "install_skills" == unwanted(message("install_skills"), True)
    assert "nothing" == unwanted(b"", True)


def test_what_cannot_be_read_is_dropped_whoever_sends_it() -> None:
    assert UNREADABLE == unwanted(b"\xff\xff", False) == unwanted(b"\xff\xff", True)


@pytest.mark.parametrize("first", [[], [b"theme=dark"]])
def test_a_sign_in_is_known_in_whichever_of_the_cookie_headers_it_comes(
    made: Stage, monkeypatch: pytest.MonkeyPatch, first: list[bytes]
) -> None:
    """As of a proxy that speaks HTTP/2 with the browser; Streamlit reads all of them."""
    monkeypatch.setattr(cookies, "get_cookie_secret", lambda: SECRET)
    claims = dict(come_in(made.journal, signed_in(email=ADMIN)))
    signed = create_signed_value(SECRET, USER, json.dumps(claims)).decode()
    sent = [*first, f"{USER}={signed}".encode()]
    known = Visitors(is_signed_in=visitors.is_signed_in, unwanted=visitors.unwanted, held=Counter)

    def asked() -> bool:
        headers = [(b"cookie", each) for each in sent]
        return asyncio.run(known.knows({"type": "websocket", "headers": headers}))

    assert asked()
    made.core.sign_ins.end(claims)
    assert not asked()
