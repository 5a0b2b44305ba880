"""Which file may import which library: the borders that the layers alone do not draw."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ALLOWED = {
    "azure.functions": ["function_app.py", "functions/", "infra/local/host/"],
    "azure.storage": ["automl/azure_storage.py", "infra/"],
    "azure.identity": ["automl/account.py", "infra/"],
    "flaml": ["automl/training/search.py"],
    "onnx": ["automl/export/"],
    "skl2onnx": ["automl/export/"],
    "deltalake": ["automl/lake/delta.py"],
    "opentelemetry": ["automl/telemetry/"],
    "azure.monitor": ["automl/telemetry/"],
    "httpx": ["automl/delivery/", "cli/", "infra/"],
}


def sources() -> Iterator[Path]:
    for folder in ("automl", "functions", "cli", "infra"):
        yield from (REPOSITORY / folder).rglob("*.py")
    yield REPOSITORY / "function_app.py"


def imported(path: Path) -> set[str]:
    """Full names of the modules a file imports, wherever in it, by statement or by `import_module`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            names |= {
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return names


@pytest.mark.parametrize("library", ALLOWED)
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    importers = {
        str(path.relative_to(REPOSITORY))
        for path in sources()
        if any(name == library or name.startswith(f"{library}.") for name in imported(path))
    }
    strays = [path for path in importers if not any(path.startswith(place) for place in ALLOWED[library])]
    assert strays == []


def test_nothing_reaches_for_the_time_of_day_but_the_clock_that_is_passed_in() -> None:
    readers = {
        str(path.relative_to(REPOSITORY))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date") and path.parts[-2] != "host"
    }
    wiring = {"automl/bootstrap.py", "automl/training/child.py"}  # where a process begins
    assert {path for path in readers if path.startswith(("automl", "functions"))} == wiring
