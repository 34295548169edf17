"""Code that a tab can still ask for after its page was drawn, and that forgets to ask who is there.

Found in the syntax tree: parts that draw themselves again (fragments, dialogs), files that are made
when somebody wants them, and callbacks of buttons and fields.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: What Streamlit offers that outlives the drawing -> the only place that may name it.
HOMES = {
    "fragment": "pages.shared.gate",
    "experimental_fragment": "pages.shared.gate",
    "dialog": "pages.shared.gate",
    "experimental_dialog": "pages.shared.gate",
    "download_button": "pages.shared.exports",
}
#: What takes a function that makes a file, and hands it the desk as of then.
MAKERS = {"csv_button", "end_of_row"}
#: What takes a function for the row that somebody clicks.
ROW_BUTTONS = "column"


def elsewhere(name: str, tree: ast.Module) -> list[tuple[int, str]]:
    """Where a module names what is at home in another; line and source.

    On the page, in a part of it (``st.sidebar``, a column) or imported by itself.
    """
    return [
        (node.lineno, ast.unparse(node))
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and not _of_the_gate(node) and _away(node.attr, name))
        or (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").partition(".")[0] == "streamlit"
            and any(_away(each.name, name) for each in node.names)
        )
    ]


def _away(named: str, module: str) -> bool:
    return HOMES.get(named, module) != module


def _of_the_gate(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "gate"


def unasked(tree: ast.Module) -> list[tuple[int, str]]:
    """Callbacks, and makers of files, that act for whoever was there; line and source.

    A function acts when it reaches the services (``.core``); it asks by ``acting()`` or
    ``again()``. The functions that it calls in its module are looked into as well.
    """
    own = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        late = [*_callbacks(call)]
        if late and _forgets(late, own):
            found.append((call.lineno, ast.unparse(call)))
        if _called(call) in MAKERS:
            stale = [arg for arg in call.args if _keeps_the_desk(arg, own)]
            found += [(arg.lineno, ast.unparse(arg)) for arg in stale]
    return found


def _callbacks(call: ast.Call) -> Iterator[ast.expr]:
    """What is called later, and what it is called with."""
    if _called(call) == ROW_BUTTONS:
        yield from call.args
    given = {word.arg: word.value for word in call.keywords if word.arg}
    late = [value for name, value in given.items() if name.startswith("on_")]
    if any(not isinstance(value, ast.Constant) for value in late):
        yield from (*late, *(given[name] for name in ("args", "kwargs") if name in given))


def _forgets(late: list[ast.expr], own: dict[str, ast.FunctionDef]) -> bool:
    bodies: list[ast.AST] = list(late)
    known: set[str] = set()
    while more := {n for body in bodies for n in _all_names(body)} & own.keys() - known:
        known |= more
        bodies += [own[name] for name in more]
    acts = [node for body in bodies for node in ast.walk(body) if _is(node, "core")]
    asks = [node for body in bodies for node in ast.walk(body) if _is(node, "acting", "again")]
    stale = [node for body in bodies for node in ast.walk(body) if _is(node, "actor")]
    handed_on = not known and any(_names(expr, "desk") for expr in late)
    return bool(stale) or (bool(acts) and not asks) or (handed_on and not asks)


def _keeps_the_desk(arg: ast.expr, own: dict[str, ast.FunctionDef]) -> bool:
    """Whether it makes a file by the desk of the drawing, and not by the one that it is handed."""
    match arg:
        case ast.Lambda() | ast.Call():
            return _names(arg, "desk")
        case ast.Name(id=name) if name in own:
            takes = {each.arg for each in ast.walk(own[name].args) if isinstance(each, ast.arg)}
            return "desk" not in takes and _names(own[name], "desk")
    return False


def _is(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names


def _all_names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _names(node: ast.AST, name: str) -> bool:
    return name in _all_names(node)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
