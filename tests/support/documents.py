"""What the documents must say, taken from the code itself."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import InvalidInput
from automl.settings import Settings, variable
from automl.spec import Spec
from functions.api_document.registered import routes
from infra.local.settings import LocalSettings
from infra.local.settings import variable as local_variable

REPOSITORY = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    """A document of this repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")


def pages() -> list[str]:
    """Every page of the repository, as paths from its root."""
    found = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]
    return [str(path.relative_to(REPOSITORY)) for path in found]


def table(name: str) -> list[tuple[str, ...]]:
    """The cells of every row of a document's tables, headings and rulers left out."""
    rows = [line for line in text(name).splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]) for row in rows]
    return [row for row in cells if row[0].startswith("`")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced `sh` block of a page.

    Parameters
    ----------
    reason
        Why no test runs it, as the line above it tells the reader; empty for the others.
    """

    commands: str
    reason: str


def shell_blocks(name: str) -> list[Block]:
    """The `sh` blocks of a page, in its order."""
    why = r"(?:^\*Not run by the tests: ([^*\n]+)\*\n\n)?"
    found = re.finditer(why + r"^```sh\n(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)
    return [Block(commands=match[2], reason=match[1] or "") for match in found]


def settings_rows() -> list[tuple[str, ...]]:
    """One row a setting, of the app and then of `make up`: environment variable, default, what it means."""
    kinds: list[tuple[type, Callable[[str], str]]] = [(Settings, variable), (LocalSettings, local_variable)]
    return [
        (f"`{name(field.name)}`", _default(field.default), _cell(_documented(kind)[field.name]))
        for kind, name in kinds
        for field in dataclasses.fields(kind)
    ]


def spec_rows() -> list[tuple[str, ...]]:
    """One row a field: its path, default, what it accepts, what it means."""
    expected = _expectations()
    return [
        (f"`{path}`", "required" if missing else _default(default), _cell(expected[path]), _cell(meaning))
        for path, missing, default, meaning in _leaves(Spec, "")
    ]


def route_rows() -> list[tuple[str, ...]]:
    """One row an HTTP function: method and route, the key it asks for, the first line of its documentation."""
    return [
        (
            f"`{route.method} /{route.template}`",
            "none" if route.is_open else route.level,
            _cell(route.about.partition("\n\n")[0]),
        )
        for route in routes("all")
    ]


def _leaves(kind: type, prefix: str) -> Iterator[tuple[str, bool, Any, str]]:
    meanings = _documented(kind)
    for field in dataclasses.fields(kind):
        made: Any = field.default_factory
        if isinstance(made, type) and dataclasses.is_dataclass(made):
            yield from _leaves(made, f"{prefix}{field.name}.")
        else:
            missing = field.default is dataclasses.MISSING and made is dataclasses.MISSING
            default = made() if made is not dataclasses.MISSING else field.default
            yield f"{prefix}{field.name}", missing, default, meanings[field.name]


def _expectations() -> dict[str, str]:
    """What each field of a spec accepts, in the words of the refusal it gives for what it does not."""
    nonsense: dict[str, Any] = {}
    for path, *_ in _leaves(Spec, ""):
        section, _, name = path.rpartition(".")
        (nonsense.setdefault(section, {}) if section else nonsense)[name] = object()
    try:
        Spec.from_json({**nonsense, "name": "Not A Name"})
    except InvalidInput as error:
        return {str(problem.field): problem.expected for problem in error.problems}
    raise AssertionError("a spec of nonsense was accepted")


def _documented(kind: type) -> dict[str, str]:
    """The text beneath each field of a dataclass."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if not isinstance(after, ast.Expr) or not isinstance(after.value, ast.Constant):
            raise AssertionError(f"{kind.__name__}.{field.target.id} is not documented beneath itself")
        found[field.target.id] = str(after.value.value)
    return found


def _default(value: Any) -> str:
    if value in ("", (), {}, None):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(meaning: str) -> str:
    return " ".join(meaning.split()).replace("|", "\\|")
