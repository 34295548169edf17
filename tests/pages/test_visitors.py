"""What the guards are told of Streamlit's messages."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg

from pages.shared.visitors import UNREADABLE, unwanted

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
