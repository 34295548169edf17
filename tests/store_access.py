"""Code that reaches a store, or another way to the world, past the services that check who asks.

Found in the syntax tree. What a service holds is read from its class: each field of ``Core``, of
``Runtime`` and of the services below them, whose type is a port.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from core.app.assembly.parts import Core
from core.app.wiring import Runtime

#: By these names the services are known wherever they are used.
ROOTS: Mapping[str, type[Any]] = {"core": Core, "runtime": Runtime}
#: What was read of each class.
_HELD: dict[type[Any], Mapping[str, type[Any]]] = {}


def reached(tree: ast.Module) -> list[tuple[int, str]]:
    """Where; line and source. A store by its name on whatever, another port on a service."""
    known = _names(tree)
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Call)
        if _by_name(node) or _is_port(_of(node, known))
    ]
    return [(node.lineno, ast.unparse(node)) for node in found]


def _by_name(node: ast.Attribute | ast.Call) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return name in stores()
        case ast.Call(func=ast.Name(id="getattr"), args=args):
            return any(isinstance(arg, ast.Constant) and arg.value in stores() for arg in args)
    return False


@cache
def stores() -> frozenset[str]:
    """What services call the store of a package."""
    return frozenset(
        name
        for service in services()
        for name, held in _held(service).items()
        if _is_port(held) and held.__module__.endswith(".store.port")
    )


@cache
def services() -> frozenset[type[Any]]:
    """All that can be reached from what pages and commands hold."""
    found: set[type[Any]] = set()
    new: set[type[Any]] = {Core, Runtime}
    while new:
        found |= new
        held = {one for service in new for one in _held(service).values() if not _is_port(one)}
        new = {one for one in held if is_dataclass(one)} - found
    return frozenset(found)


def ports_of(service: type[Any]) -> set[str]:
    """Fields of this class that hold a port."""
    return {name for name, held in _held(service).items() if _is_port(held)}


def _held(service: type[Any]) -> Mapping[str, type[Any]]:
    """The classes of the core that its fields hold, by the fields' names."""
    if service not in _HELD:
        hints = get_type_hints(service)
        _HELD[service] = {
            field.name: part
            for field in fields(service)
            for part in _parts(hints[field.name])
            if isinstance(part, type) and part.__module__.startswith("core.")
        }
    return _HELD[service]


def _parts(hint: Any) -> Iterator[Any]:
    """``T | None`` and ``Sequence[T]`` taken apart."""
    inner = get_args(hint)
    if not inner:
        yield hint
    for each in inner:
        yield from _parts(each)


def _is_port(held: type[Any] | None) -> bool:
    return bool(getattr(held, "_is_protocol", False))


def _names(tree: ast.Module) -> dict[str, type[Any]]:
    """Names that stand for services: as they are annotated, or what was assigned to them."""
    classes = {service.__name__: service for service in services()}
    known = dict(ROOTS)
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as told) if _last(told) in classes:
                known[name] = classes[_last(told)]
            case ast.Assign(targets=[target], value=value):
                for one, to in _pairs(target, value):
                    if (of := _of(to, known)) is not None:
                        known[one] = of
    return known


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for one, to in zip(targets, values, strict=False):
                yield from _pairs(one, to)


def _of(node: ast.expr, known: Mapping[str, type[Any]]) -> type[Any] | None:
    """The class of what stands there, where it is one of these."""
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case (
            ast.Attribute(attr="core")
            | ast.Call(func=ast.Attribute(value=ast.Name(id="wiring"), attr="get"))
        ):
            return Core
        case ast.Attribute(value=value, attr=name):
            of = _of(value, known)
            return _held(of).get(name) if of in services() else None
    return None


def _last(told: ast.expr) -> str:
    return ast.unparse(told).rpartition(".")[2]
