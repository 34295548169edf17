"""The shape of the code, held by a test: docs/architecture.md in a form that fails.

A walk over the syntax trees rather than import-linter: app.py and asgi.py are modules, which it
refuses as roots, and the gate, the clock and the length rules need a walk anyway.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.kind_names import told_apart

ROOT = Path(__file__).resolve().parent.parent
OURS = ("api", "app", "asgi", "core", "pages", "sandbox", "scripts", "benchmarks", "tests")

PORTS = {"core.gateways.ports", "core.credits.errors"}
#: The kinds of operation: pure, and right above the domain, so that whatever stands higher asks
#: their registry.
KINDS = "core.operations.kinds"
#: What items go through; above the services. Only the assembly puts them together.
STEPS = "core.operations.steps"
INSIDE = {"core.domain", KINDS, "core.services", "core.settings", *PORTS}

#: Where a module lives -> what of ours it may import. The longest prefix that fits decides.
MAY_IMPORT = {
    "core.domain": {"core.domain"},
    KINDS: {"core.domain", KINDS},
    "core.gateways.ports": {"core.domain", *PORTS},
    "core.gateways": {"core.domain", KINDS, "core.gateways"},
    "core.services": {"core.domain", KINDS, "core.services", *PORTS},
    STEPS: {"core.domain", KINDS, "core.services", *PORTS},
    "core.settings": {"core.domain", "core.settings"},
    "core.app.assembly": {
        "core.app.assembly",
        "core.domain",
        KINDS,
        "core.services",
        STEPS,
        *PORTS,
    },
    "core.app.wiring": {"core"},
    "core": {*INSIDE, "core"},  # the command line and its like; concrete gateways are barred below
    "pages.shared": {*INSIDE, "core.app.assembly", "core.app.wiring", "pages.shared"},
    "pages": {"core.domain", KINDS, "core.services", "pages.shared"},
    "api": {*INSIDE, "core.app.assembly", "core.app.wiring", "api"},
    "app": {"pages.shared"},
    "asgi": {*INSIDE, "core", "pages.shared", "api"},
    "sandbox": {"sandbox"},  # it stands for HubSpot and Supabase: it shares no mistake with core
    "sandbox.hubspot": {"sandbox.hubspot"},  # a tool of its own, without demo, Supabase, sign-in
    "scripts": {"sandbox", "scripts"},
}

#: Only these name a concrete gateway: any other goes through the ports.
MAY_NAME_CONCRETE_GATEWAYS = ("core.gateways", "core.app.wiring", "tests", "benchmarks")

#: A library -> the only places that may name it (tests and benchmarks may name any).
HOMES = {
    "alembic": ("core.database",),
    "apprise": ("core.health",),
    "cronsim": ("core.settings.cron",),
    "dbos": ("core.workers.engine",),
    "fastapi": ("api",),
    "httpx": ("core.gateways", "core.app.wiring", "sandbox"),
    "plotly": ("pages.shared",),
    "prometheus_client": ("api.metrics",),
    "postgrest": ("core.mirror.supabase",),
    "sqlalchemy": ("core.gateways", "core.app.wiring"),
    "streamlit": ("app", "asgi", "pages"),
    "supabase": ("core.mirror.supabase", "core.app.wiring"),
}

#: Held free of IO, of the clock and of chance.
PURE = ("core/domain", "core/operations/kinds")

IMPURE = frozenset(
    {"asyncio", "concurrent", "http", "logging", "multiprocessing", "os", "pathlib"}
    | {"random", "secrets", "shutil", "signal", "socket", "sqlite3", "subprocess", "sys"}
    | {"tempfile", "threading", "time", "urllib", "uuid"}
)
CLOCKS = frozenset({"now", "utcnow", "today"})
IMPURE_BUILTINS = frozenset({"exec", "eval", "input", "open", "print"})


@dataclass(frozen=True)
class Module:
    path: Path

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def tree(self) -> ast.Module:
        return parsed(self.path)

    def imports(self) -> Iterator[str]:
        """Dotted names; ``from a import b`` gives ``a.b``, which may be a module or a name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(filter(None, (self._parent(node.level), node.module)))
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def _parent(self, level: int) -> str:
        package = self.path.relative_to(ROOT).parts[:-1]
        return ".".join(package[: len(package) - level + 1]) if level else ""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(*roots: str) -> list[Module]:
    files = (
        path
        for root in roots
        for path in [ROOT / f"{root}.py", *(ROOT / root).rglob("*.py")]
        if path.is_file()
    )
    return [Module(path) for path in sorted(files)]


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def within_any(name: str, prefixes: Iterator[str] | set[str] | tuple[str, ...]) -> bool:
    return any(within(name, prefix) for prefix in prefixes)


def of_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def test_imports_run_downward_only() -> None:
    def allowed(module: Module, imported: str) -> bool:
        homes = [prefix for prefix in MAY_IMPORT if within(module.name, prefix)]
        return within_any(imported, MAY_IMPORT[max(homes, key=len)])

    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*(set(OURS) - {"tests", "benchmarks"}))
        for imported in module.imports()
        if of_ours(imported) and not allowed(module, imported)
    ]

    assert [] == wrong


def test_only_the_wiring_names_concrete_gateways() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*OURS)
        if not within_any(module.name, MAY_NAME_CONCRETE_GATEWAYS)
        for imported in module.imports()
        if within(imported, "core.gateways") and not within_any(imported, PORTS)
    ]

    assert [] == wrong


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_stays_in_its_home(library: str) -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*(set(OURS) - {"tests", "benchmarks"}))
        if not within_any(module.name, HOMES[library])
        for imported in module.imports()
        if within(imported, library)
    ]

    assert [] == wrong


def test_the_domain_and_the_kinds_import_nothing_impure() -> None:
    pure = {"core"} | set(sys.stdlib_module_names - IMPURE)
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*PURE)
        for imported in module.imports()
        if imported.partition(".")[0] not in pure
    ]

    assert [] == wrong


def test_the_domain_and_the_kinds_read_no_clock_and_touch_nothing_outside() -> None:
    def impure(call: ast.Call) -> bool:
        match call.func:
            case ast.Attribute(attr=name):
                return name in CLOCKS
            case ast.Name(id=name):
                return name in IMPURE_BUILTINS
        return False

    wrong = [
        f"{module.name}:{node.lineno} {ast.unparse(node.func)}"
        for module in modules(*PURE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and impure(node)
    ]

    assert [] == wrong


#: The enumeration itself, and the one package that tells its members apart. Tests and benchmarks
#: make operations of each kind.
MAY_TELL_KINDS_APART = (KINDS, "core.operations.verdicts", "tests", "benchmarks")


def test_only_the_kinds_tell_one_kind_of_operation_from_another() -> None:
    """Anywhere else a new kind would be taken for one of those that were there before."""
    wrong = [
        f"{module.name}:{line} {source}"
        for module in modules(*OURS)
        if not within_any(module.name, MAY_TELL_KINDS_APART)
        for line, source in told_apart(module.tree)
    ]

    assert [] == wrong, "ask core.operations.kinds.registry.kind_of(...) instead"


@pytest.mark.parametrize(
    "source",
    [
        "if operation.kind is OperationKind.REFUND: pass",
        "match plan.kind:\n    case OperationKind.BOOK: pass",
        "WORDS = {OperationKind.CANCEL: 'x'}",
        "some = verdicts.OperationKind.UNDO",
        "some = OperationKind['UNDO']",
        "some = OperationKind('undo')",
        "some = getattr(OperationKind, name)",
        "from core.operations.verdicts import OperationKind as Of\nsome = Of.UNDO",
        "if plan.kind == 'refund': pass",
        "if plan.kind.value in {'refund', 'undo'}: pass",
        "match plan.kind:\n    case 'refund': pass",
        "from core.operations.kinds.refund import REFUND\nif kind is REFUND: pass",
        "from core.operations.kinds.refund import REFUND\nif plan.kind is REFUND.key: pass",
        "from core.operations.kinds.refund import REFUND as R\nWORDS = {R.key: 'x'}",
        "from core.operations.kinds.refund import REFUND\nif REFUND.cancels: pass",
    ],
)
def test_code_that_tells_kinds_apart_is_found(source: str) -> None:
    assert told_apart(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "from core.operations.kinds.refund import REFUND\nplan = preview(REFUND.key, chosen)",
        "from core.operations.kinds.refund import REFUND\nplan = Plan(kind=REFUND.key)",
        "kinds = {OperationKind(option) for option in options}",
        "if write.kind is Kind.CONTACT: pass",
        "if movement.kind is MovementKind.REFUND: pass",
        "NAMES = {key: kind.words.name for key, kind in KINDS.items()}",
    ],
)
def test_code_that_makes_an_operation_of_a_kind_is_not_found(source: str) -> None:
    assert [] == told_apart(ast.parse(source))


def page_scripts() -> list[Module]:
    shared = ROOT / "pages" / "shared"
    return [
        page
        for page in modules("pages")
        if shared not in page.path.parents and page.path.name != "__init__.py"
    ]


def test_each_page_begins_at_the_gate() -> None:
    """Streamlit can run a page without app.py (a deep link): the check stands in the page."""

    def first_statement(page: Module) -> str:
        body = [
            node for node in page.tree.body if not isinstance(node, ast.Import | ast.ImportFrom)
        ]
        if body and ast.get_docstring(page.tree) is not None:
            body = body[1:]
        return ast.unparse(body[0]) if body else "nothing"

    wrong = [
        f"{page.name} begins with {first_statement(page)}"
        for page in page_scripts()
        if not first_statement(page).startswith("desk = gate.enter(")
        or "pages.shared.gate" not in page.imports()
    ]

    assert [] == wrong


def test_pages_stand_one_folder_down() -> None:
    """Streamlit serves pages/*.py by itself until somebody's session has called st.navigation."""
    pages = ROOT / "pages"

    assert [] == [page.name for page in page_scripts() if page.path.parent == pages]


def test_what_the_app_imports_is_named_in_its_requirements() -> None:
    def normal(distribution: str) -> str:
        return re.sub(r"[-_.]+", "-", distribution).lower()

    text = (ROOT / "requirements.in").read_text(encoding="utf-8")
    named = {normal(line) for line in re.findall(r"^[A-Za-z0-9_.-]+", text, re.MULTILINE)}
    homes = packages_distributions()
    imported = {
        name.partition(".")[0]
        for module in modules("api", "app", "asgi", "core", "pages")
        for name in module.imports()
        if not of_ours(name)
    } - set(sys.stdlib_module_names)

    assert set() == {
        name for name in imported if named.isdisjoint(map(normal, homes.get(name, [])))
    }
