"""Where source tells one kind of operation from another: by the syntax tree, for the architecture.

Found are members of the enumeration, kinds made from a literal, comparisons with the text of a
member, and any use of a kind's own object but to say of which kind a new plan is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from core.operations.verdicts import OperationKind

ENUMERATION = OperationKind.__name__
MEMBERS = frozenset(OperationKind.__members__)
TEXTS = frozenset(each.value for each in OperationKind)
#: ``core.operations.kinds.refund`` holds ``REFUND``; the others of its package hold no kind.
PACKAGE = "core.operations.kinds"


def told_apart(tree: ast.Module) -> list[tuple[int, str]]:
    """The line of each, and what it says."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    own = _own_names(tree)
    enumerations = {ENUMERATION, *_aliases(tree)}
    found = [
        (node.lineno, ast.unparse(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.pattern)
        and (
            _is_member(node, enumerations)
            or _is_text_compared(node)
            or (isinstance(node, ast.Name) and node.id in own and not _is_said(node, above))
        )
    ]
    return sorted(set(found))


def _aliases(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (a.asname for a in node.names if a.name == ENUMERATION and a.asname)


def _own_names(tree: ast.Module) -> set[str]:
    """What this module calls the objects of single kinds."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            home = node.module or ""
            kinds = home.removeprefix(f"{PACKAGE}.") in TEXTS or home == PACKAGE
            found |= {a.asname or a.name for a in node.names if kinds and _is_kind(a.name)}
    return found


def _is_kind(name: str) -> bool:
    return name in MEMBERS or name.lower() in TEXTS


def _is_member(node: ast.AST, enumerations: set[str]) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=member):
            return name in enumerations and member in MEMBERS
        case ast.Subscript(
            value=ast.Name(id=name) | ast.Attribute(attr=name), slice=ast.Constant()
        ):
            return name in enumerations
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name), *_]):
            return name in enumerations
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant()]):
            return name in enumerations
    return False


def _is_text_compared(node: ast.AST) -> bool:
    """A kind against the text of a member; the same words mean other things elsewhere."""
    match node:
        case ast.Compare(left=left, comparators=others):
            sides = [left, *others]
            texts = {c.value for s in sides for c in ast.walk(s) if isinstance(c, ast.Constant)}
            return bool(texts & TEXTS) and any(_is_kind_of_something(side) for side in sides)
        case ast.MatchValue(value=ast.Constant(value=text)):
            return text in TEXTS
    return False


def _is_kind_of_something(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr="value", value=inner):
            return _is_kind_of_something(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in {"kind", "key", "client_word"}
    return False


def _is_said(node: ast.Name, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether ``REFUND`` is used as ``f(REFUND.key, ...)``: to make one, not to tell it apart."""
    key = above.get(node)
    if not (isinstance(key, ast.Attribute) and key.attr == "key"):
        return False
    around = above.get(key)
    if isinstance(around, ast.keyword):
        around = above.get(around)
    return isinstance(around, ast.Call) and key is not around.func
