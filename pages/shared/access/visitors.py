"""What Streamlit knows of whoever sends something, for the guards of the server (``api.guard``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core.app import wiring
from core.credits.errors import JournalError
from core.credits.roles import NotAllowed
from pages.shared.access import cookies

#: What the sign-in page sends.
OF_STRANGERS = frozenset({"rerun_script", "stop_script", "app_heartbeat"})
#: What the other pages send besides. Not: load_git_info, set_run_on_save, clear_cache and the like,
#: by which developers change and look into the server.
OF_PEOPLE = OF_STRANGERS | {"file_urls_request", "backend_operation_request"}
UNREADABLE = "what cannot be read"
#: Of the operations: not the installing of skills, which writes files beside the app.
OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})


def is_signed_in(sent: Mapping[str, str]) -> bool:
    """Whether a genuine cookie is among those sent, of a sign-in that goes on.

    The gate asks more: whether there is a role. This only tells whose budget is spent.
    """
    claims = cookies.claims(sent)
    if claims is None:
        return False
    try:
        wiring.get().sign_ins.require(claims)
    except (NotAllowed, JournalError, wiring.NotServed):
        return False
    return True


def unwanted(frame: bytes, signed_in: bool) -> str:
    """What a message asks for that nobody, or no stranger, may ask; "" when it may be asked.

    What cannot be read is dropped too: Streamlit would write a traceback for each.
    """
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return UNREADABLE
    asked = message.WhichOneof("type") or "nothing"
    if asked not in (OF_PEOPLE if signed_in else OF_STRANGERS):
        return asked
    if asked == "backend_operation_request":
        operation = message.backend_operation_request.WhichOneof("payload") or "no operation"
        return "" if operation in OPERATIONS else operation
    return ""


def held() -> Counter[str]:
    """Bytes of uploaded files in memory, by session."""
    manager = Runtime.instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        raise TypeError("uploaded files are kept elsewhere than this guard looks")
    return Counter(
        {
            session: sum(len(file.data) for file in list(files.values()))
            for session, files in list(manager.file_storage.items())
        }
    )
