"""What a page sends to the browser, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest


def messages(at: AppTest) -> Iterator[Message]:
    """The message of every element and of every block: expanders, tabs, dialogs."""
    yield from _below(at._tree)


def _below(node: Any) -> Iterator[Message]:
    proto = getattr(node, "proto", None)
    if isinstance(proto, Message):
        yield proto
    for child in (getattr(node, "children", None) or {}).values():
        yield from _below(child)


def texts(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text in it with where it stands: "Alert.body"."""
    path = path or type(message).__name__
    for field, value in message.ListFields():
        repeated = value if _is_many(value) else [value]
        for each in repeated:
            if isinstance(each, Message):
                yield from texts(each, f"{path}.{field.name}")
            elif isinstance(each, str):
                yield f"{path}.{field.name}", each


def _is_many(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | Message)


def everything(at: AppTest) -> bytes:
    """All bytes that the browser gets, tables too."""
    return b"\n".join(message.SerializeToString() for message in messages(at))
