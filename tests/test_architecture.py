"""The shape of the code, held by a test: docs/architecture.md in a form that fails.

A walk over the syntax trees rather than import-linter: app.py and asgi.py are modules, which it
refuses as roots, and the gate, the clock and the length rules need a walk anyway.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from core.app.assembly.parts import Core
from tests.kind_names import told_apart
from tests.open_tabs import elsewhere, unasked
from tests.store_access import ports_of, reached, stores

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    *("api", "app", "asgi", "core", "demo", "pages"),
    *("sandbox", "scripts", "benchmarks", "tests"),
)

#: The packages of the core. Each may import itself and those before it (design, section 5).
ORDER = (
    *("credits", "work", "database", "audit", "access", "hubspot", "mirror", "operations"),
    *("students", "drift", "workers", "health", "exports", "settings", "app", "cli"),
)
#: The kinds of operation: the one package that tells its members apart.
KINDS = "core.operations.kinds"

#: What reaches the world: only ``core.app`` names one. Anything else goes through the ports.
GATEWAYS = (
    *("core.database", "core.hubspot", "core.mirror.supabase", "core.mirror.outgoing.sender"),
    *("core.operations.desks.register", "core.workers.engine", "core.health.apprise_notifier"),
    "core.health.audit_check.head_keepers",
    "core.app.stores",
)
#: Of these packages, what is no gateway: ports, and modules that are pure.
NO_GATEWAYS = ("core.hubspot.ports", "core.database.identity")
#: The demo assembles a desk of its own, whose clock is set.
MAY_NAME_GATEWAYS = ("core.app", "demo", "tests", "benchmarks")

#: Outside the core: where a module lives -> what of ours it may import. The longest prefix that
#: fits decides.
MAY_IMPORT = {
    "pages.shared": {"core", "pages.shared"},
    "pages": {"core", "pages.shared"},
    "api": {"core", "api"},
    "app": {"pages.shared"},
    "asgi": {"core", "pages.shared", "api"},
    "sandbox": {"sandbox"},  # it stands for HubSpot and Supabase: it shares no mistake with core
    "sandbox.hubspot": {"sandbox.hubspot"},  # a tool of its own, without demo, Supabase, sign-in
    "scripts": {"sandbox", "scripts"},
    "demo": {"core", "demo"},  # a desk's past, made by its services; nothing of ours knows of it
}
#: What nobody outside the core may name, and which of the others may name no wiring.
BARRED = {"pages.shared": ("core.cli",), "pages": ("core.cli", "core.app"), "api": ("core.cli",)}

#: A library -> the only places that may name it (tests and benchmarks may name any).
HOMES = {
    "alembic": ("core.database",),
    "apprise": ("core.health.apprise_notifier",),
    "cronsim": ("core.settings.cron",),
    "dbos": ("core.workers.engine",),
    "fastapi": ("api",),
    "jwt": ("core.mirror.supabase",),
    "httpx": (
        *("core.hubspot", "core.mirror.supabase", "core.mirror.outgoing.sender"),
        *("core.health.audit_check.head_keepers", "sandbox"),
    ),
    "plotly": ("pages.shared",),
    "prometheus_client": ("api.metrics",),
    "postgrest": ("core.mirror.supabase",),
    "sqlalchemy": (
        *("core.database", "core.hubspot.pace.shared_slots", "core.workers.engine"),
        "core.app.stores",
    ),
    "streamlit": ("app", "asgi", "pages"),
    "supabase": ("core.mirror.supabase",),
}

#: More modules than this, and a stranger no longer sees what a folder is about.
MODULES_MAX = 20

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


def within_any(name: str, prefixes: Iterable[str]) -> bool:
    return any(within(name, prefix) for prefix in prefixes)


def of_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def is_port(name: str) -> bool:
    """What the core needs of the world, in its own words."""
    return any(part in {"port", "ports"} or part.endswith("_port") for part in name.split("."))


def in_a_store(name: str) -> bool:
    """Of a package's ``store`` folder, but for its ports: those are for everybody."""
    return "store" in name.split(".")[:-1] and not is_port(name)


def is_gateway(name: str) -> bool:
    return in_a_store(name) or (within_any(name, GATEWAYS) and not within_any(name, NO_GATEWAYS))


def package(name: str) -> str:
    """Of the core: its first folder."""
    return name.split(".")[1] if name.count(".") else ""


def core_modules() -> list[Module]:
    return modules("core")


def is_pure(module: Module) -> bool:
    """It says so itself."""
    return "Pure." in (ast.get_docstring(module.tree) or "")


def test_each_package_of_the_core_imports_only_those_before_it() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in core_modules()
        if package(module.name) in ORDER
        for imported in module.imports()
        if within(imported, "core") and package(imported)
        if ORDER.index(package(imported)) > ORDER.index(package(module.name))
    ]

    assert [] == wrong


def test_every_folder_of_the_core_has_its_place_in_the_order() -> None:
    folders = {path.name for path in (ROOT / "core").iterdir() if (path / "__init__.py").exists()}

    assert set(ORDER) == folders


def test_outside_the_core_imports_run_downward_only() -> None:
    def allowed(module: Module, imported: str) -> bool:
        home = max((prefix for prefix in MAY_IMPORT if within(module.name, prefix)), key=len)
        barred = within_any(imported, BARRED.get(home, ()))
        return within_any(imported, MAY_IMPORT[home]) and not barred

    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*(set(OURS) - {"core", "tests", "benchmarks"}))
        for imported in module.imports()
        if of_ours(imported) and not allowed(module, imported)
    ]

    assert [] == wrong


def test_only_the_wiring_names_a_store_or_another_way_to_the_world() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*OURS)
        if not within_any(module.name, MAY_NAME_GATEWAYS) and not is_gateway(module.name)
        for imported in module.imports()
        if within(imported, "core") and is_gateway(imported)
    ]

    assert [] == wrong


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_stays_in_its_home(library: str) -> None:
    stores = library == "sqlalchemy"
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules(*(set(OURS) - {"tests", "benchmarks"}))
        if not within_any(module.name, HOMES[library])
        if not (stores and in_a_store(module.name))
        for imported in module.imports()
        if within(imported, library)
    ]

    assert [] == wrong


def test_no_folder_is_too_long_to_be_read() -> None:
    folders: dict[str, int] = {}
    for module in modules("core", "pages", "api"):
        if module.path.name != "__init__.py":
            folder = module.path.parent.relative_to(ROOT).as_posix()
            folders[folder] = folders.get(folder, 0) + 1

    assert set() == {folder for folder, number in folders.items() if number > MODULES_MAX}


#: Folders of ``pages/shared`` for which the core has no name: how all charts look.
OF_PAGES_ALONE = {"charts"}


def test_what_pages_share_is_named_as_the_core_names_it() -> None:
    shared = ROOT / "pages" / "shared"

    assert set() == {path.name for path in shared.iterdir() if path.is_dir()} - {
        *ORDER,
        *OF_PAGES_ALONE,
        "__pycache__",
    }


def test_kinds_and_rules_say_that_they_are_pure() -> None:
    """Else the two tests below would not look at them."""
    silent = [
        module.name
        for module in core_modules()
        if module.path.name != "__init__.py" and not is_gateway(module.name)
        if within(module.name, KINDS) or module.path.stem.endswith("rules")
        if not is_pure(module)
    ]

    assert [] == silent


def test_what_is_pure_imports_nothing_impure() -> None:
    pure = {module.name for module in core_modules() if is_pure(module)}
    harmless = set(sys.stdlib_module_names - IMPURE)
    wrong = [
        f"{module.name} imports {imported}"
        for module in core_modules()
        if is_pure(module)
        for imported in module.imports()
        if imported.partition(".")[0] not in harmless and not within_any(imported, pure)
    ]

    assert [] == wrong


def test_what_is_pure_reads_no_clock_and_touches_nothing_outside() -> None:
    def impure(call: ast.Call) -> bool:
        match call.func:
            case ast.Attribute(attr=name):
                return name in CLOCKS
            case ast.Name(id=name):
                return name in IMPURE_BUILTINS
        return False

    wrong = [
        f"{module.name}:{node.lineno} {ast.unparse(node.func)}"
        for module in core_modules()
        if is_pure(module)
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


def test_what_outlives_its_page_goes_through_the_gate() -> None:
    """A tab asks for it when its person may have left long ago."""
    wrong = [
        f"{module.name}:{line} {source}"
        for module in modules("pages", "app")
        for line, source in [*elsewhere(module.name, module.tree), *unasked(module.tree)]
    ]

    assert [] == wrong, "use gate.fragment, gate.dialog, csv_button, desk.acting()"


def test_only_the_gate_and_the_door_of_the_server_reach_the_services_by_themselves() -> None:
    server = {f"pages.shared.access.{name}" for name in ("door", "downloads", "visitors")}
    may = {"pages.shared.gate", "pages.shared.problems", *server}
    named = {m.name for m in modules("pages", "app") if "core.app.wiring" in m.imports()}

    assert may == named


@pytest.mark.parametrize(
    "source",
    [
        "@st.fragment\ndef show(desk): pass",
        "@st.fragment(run_every=1)\ndef show(desk): pass",
        "drawer = st.dialog('Record')",
        "from streamlit import fragment\n@fragment\ndef show(desk): pass",
        "st.sidebar.download_button('CSV', make)",
        "st.columns(2)[0].download_button('CSV', make)",
        "st.download_button('CSV', lambda: desk.core.exporter.audit(sought, desk.actor))",
        (
            "st.button('Stop', on_click=_stop, args=(desk,))\n"
            "def _stop(desk): desk.core.operation_commands.stop(desk.actor)"
        ),
        "st.button('Stop', on_click=lambda: desk.core.operation_commands.stop('x'))",
        (
            "st.button('Stop', on_click=partial(_stop, desk))\ndef _stop(desk): _do(desk)\n"
            "def _do(desk): desk.core.operation_commands.stop()"
        ),
        "st.button('Stop', on_click=acts.stop, args=(desk,))",
        "row_buttons.column('', rows, lambda row: desk.core.desks.look(desk.actor), key='a')",
        (
            "st.selectbox('A', [], on_change=_act, args=(lambda: desk.core.x(desk.actor),))\n"
            "def _act(act): act()"
        ),
        "csv_button(desk, lambda now: desk.core.exporter.exams(now.actor), 'a', 'b')",
        "csv_button(desk, partial(_exams, desk), 'a', 'b')",
        (
            "def show(desk):\n    def make(now): return desk.core.exporter.exams(now.actor)\n"
            "    csv_button(desk, make, 'a', 'b')"
        ),
    ],
)
def test_what_forgets_to_ask_who_is_there_is_found(source: str) -> None:
    tree = ast.parse(source)

    assert [*elsewhere("pages.shared.somewhere", tree), *unasked(tree)]


@pytest.mark.parametrize(
    "source",
    [
        "@gate.fragment(run_every=1)\ndef show(desk): desk.core.overview_reader.read(desk.actor)",
        "st.button('Back', on_click=address.leave)",
        "st.button('Open', on_click=address.open_contact, args=(id_,))",
        "st.dataframe(frame, on_select='rerun')",
        (
            "st.button('Stop', on_click=_stop, args=(desk,))\n"
            "def _stop(desk): desk.core.operation_commands.stop(desk.acting())"
        ),
        "csv_button(desk, lambda now: now.core.exporter.exams(now.actor), 'a', 'b')",
        (
            "csv_button(desk, _exams, 'a', 'b')\n"
            "def _exams(desk): return desk.core.exporter.exams(desk.actor)"
        ),
    ],
)
def test_what_asks_who_is_there_is_not_found(source: str) -> None:
    tree = ast.parse(source)

    assert [] == [*elsewhere("pages.shared.somewhere", tree), *unasked(tree)]


def of_people() -> list[Module]:
    """Through which people and apps ask: pages, commands, API."""
    commands = (module for module in core_modules() if within(module.name, "core.cli"))
    return [*modules("pages", "api", "app", "asgi"), *commands]


def test_pages_commands_and_api_ask_services_and_never_a_store() -> None:
    """A service checks who asks, and is where the next page finds the same question."""
    wrong = [
        f"{module.name}:{line} {source}"
        for module in of_people()
        for line, source in reached(module.tree)
    ]

    assert [] == wrong, "give the service of that package a method, with the actor"


def test_pages_commands_and_api_name_no_store_as_a_type() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in of_people()
        for imported in module.imports()
        if within(imported, "core") and is_port(imported.rpartition(".")[0])
        if getattr(_named(imported), "_is_protocol", False)
    ]

    assert [] == wrong


def _named(imported: str) -> object:
    module, _, name = imported.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_assembled_core_hands_out_services_alone() -> None:
    assert set() == ports_of(Core)
    assert {"journal"} == stores(), "a store goes by one name, which is looked for above"


@pytest.mark.parametrize(
    "source",
    [
        "desk.core.journal.plan(id_)",
        "core.operation_commands.journal.plan(id_)",
        "found = repaired_since(desk.core.repair_runner.journal, sweep)",
        "runtime.core.scheduler.journal",
        "getattr(core.operation_commands, 'journal')",
        "store = anything.journal",
        "desk.core.booking_finder.crm.exams([id_])",
        "core.mirror_copier.mirror.rows(kind, ids)",
        "runtime.engine.submit(id_)",
        "wiring.get().desks.crm.exams([id_])",
        "finding = core.booking_finder\nfinding.crm.exams([id_])",
        "core, actor = runtime.core, who()\ncore.approvals.holding.journal",
        "def show(desks: Desks): desks.owing.crm.exams([])",
        "def show(services: Core): services.desks.crm.exams([])",
    ],
)
def test_a_way_past_the_services_is_found(source: str) -> None:
    assert reached(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "desk.core.operation_commands.confirm(id_, desk.acting(), reason='r')",
        "value(row.drift.mirror, name)",
        "facts.mirror is not None and not facts.truth.well",
        "registry.register(collector)",
        "runtime.store.look()",
        "core.operation_commands.holding.until(now)",
    ],
)
def test_what_services_offer_is_no_way_past_them(source: str) -> None:
    assert [] == reached(ast.parse(source))


def test_each_service_of_the_core_is_named_as_its_class() -> None:
    """So who reads a page knows where to look."""
    named = {name: told for name, told in Core.__annotations__.items() if told[0].isupper()}
    values = {"catalogue", "zone"}

    wrong = [
        f"{name}: {told}"
        for name, told in named.items()
        if name not in values and name != re.sub(r"(?<=[a-z])(?=[A-Z])", "_", told).lower()
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
