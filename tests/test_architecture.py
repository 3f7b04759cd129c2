"""The shape of the house, kept by reading the code: who imports what, how long things are."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["veyra", "agentworker", "telephony", "recordings", "monitoring"]
# These modules wire the apps together, and name them by string only.
WIRING = ["veyra/settings.py", "veyra/urls.py", "veyra/asgi.py", "veyra/celery.py", "veyra/api.py"]
SKIPPED = {"node_modules", "migrations", "__pycache__"}


def is_ours(path: Path) -> bool:
    """Environments and state live in folders whose names begin with a dot."""
    parts = path.relative_to(ROOT).parts
    return not any(part in SKIPPED or part.startswith(".") for part in parts)


def python_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if is_ours(path)]


PRODUCT = [p for app in APPS for p in python_files(ROOT / app)]
EVERYTHING = python_files(ROOT)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Dotted names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Names of the functions and methods that a file calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield function.attr
            elif isinstance(function, ast.Name):
                yield function.id


def test_only_one_package_talks_to_livekit() -> None:
    strays = [
        f"{name_of(path)} imports {module}"
        for path in PRODUCT
        for module in imports(path)
        if module.startswith(("livekit.api", "livekit.protocol"))
        and not name_of(path).startswith("veyra/livekit/")
    ]
    assert strays == []


def test_only_one_package_knows_what_is_said_to_kamailio() -> None:
    words = re.compile(r"uac\.reg_|htable\.|json-?rpc|\bhtable\b", re.IGNORECASE)
    strays = {name_of(path) for path in PRODUCT if words.search(path.read_text())}
    assert {name for name in strays if not name.startswith("veyra/kamailio/")} == set()


def test_only_the_agent_worker_imports_the_agent_library() -> None:
    strays = [
        f"{name_of(path)} imports {module}"
        for path in PRODUCT
        for module in imports(path)
        if module.startswith(("livekit.agents", "livekit.rtc", "livekit.plugins"))
        and not name_of(path).startswith("agentworker/")
    ]
    assert strays == []


@pytest.mark.parametrize(
    ("method", "home"),
    [
        ("group_send", {"veyra/live.py"}),
        ("delay", {"veyra/celery.py"}),
        ("apply_async", {"veyra/celery.py"}),
        ("send_task", {"veyra/celery.py"}),
    ],
)
def test_each_bus_has_one_door(method: str, home: set[str]) -> None:
    assert {name_of(path) for path in PRODUCT if method in calls(path)} <= home


def test_imports_run_one_way() -> None:
    strays = []
    for path in PRODUCT:
        rank = APPS.index(path.relative_to(ROOT).parts[0])
        later = tuple(APPS[rank + 1 :])
        strays += [
            f"{name_of(path)} imports {module}"
            for module in imports(path)
            if module.split(".")[0] in later
        ]
    assert strays == []


def test_the_wiring_imports_no_app() -> None:
    apps = tuple(APPS[1:])
    strays = [
        f"{name} imports {module}"
        for name in WIRING
        for module in imports(ROOT / name)
        if module.split(".")[0] in apps
    ]
    assert strays == []


def product_imports(path: Path, modules: set[str]) -> set[str]:
    """Modules of ours that are imported when `path` is; imports inside functions do not count."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found & modules


def test_no_module_imports_itself_by_a_detour() -> None:
    dotted = {
        name_of(path)[:-3].replace("/", ".").removesuffix(".__init__"): path for path in PRODUCT
    }
    graph = {name: product_imports(path, set(dotted)) - {name} for name, path in dotted.items()}
    while leaves := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in leaves}
    assert graph == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with its length in lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name_of(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_and_files_stay_short() -> None:
    lengths = {name: length for path in EVERYTHING for name, length in functions(path)}
    assert [name for name, length in lengths.items() if length > 60] == []
    assert [name_of(p) for p in EVERYTHING if len(p.read_text().splitlines()) > 500] == []
    product = {name_of(path) for path in PRODUCT}
    ours = [length for name, length in lengths.items() if name.split(":")[0] in product]
    assert statistics.median(ours) <= 8


def test_every_document_is_found_and_every_link_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    links = {
        (document.parent / link).resolve()
        for document in documents
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text())
    }
    assert [link for link in links if not link.exists()] == []
    assert {path for path in documents if path.parent != ROOT} - links == set()


def test_no_comment_of_a_template_is_shown() -> None:
    """Django takes {# … #} for a comment within one line only, and shows what is longer."""
    strays = [
        f"{name_of(path)}:{number}"
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.is_file()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.count("{#") != line.count("#}")
    ]
    assert strays == []


def test_every_ignore_has_its_reason() -> None:
    bare = [
        f"{name_of(path)}:{number}"
        for path in EVERYTHING
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for marker in ("# type: ignore", "# noqa")
        if marker in line and "#" not in line.split(marker, 1)[1] and path != Path(__file__)
    ]
    assert bare == []


def test_no_signal_is_received() -> None:
    assert [name_of(path) for path in PRODUCT if "receiver" in calls(path)] == []


DOORS = {"views.py", "consumers.py", "api.py", "tasks.py", "home.py", "machines.py"}


def test_doors_spell_no_filter() -> None:
    """Filters live on QuerySets, so that a door cannot forget who may see what."""
    strays = [
        f"{name_of(path)} calls {method}"
        for path in PRODUCT
        if path.name in DOORS or "management/commands" in name_of(path)
        for method in calls(path)
        if method in {"filter", "exclude", "annotate"}
    ]
    assert strays == []
