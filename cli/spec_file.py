"""The spec that `train` sends: what the TOML file says, and above it what the options say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cli.errors import Misuse
from cli.names import checked, model_name


def compose(
    table: Path,
    *,
    file: Path | None,
    target: str | None,
    name: str | None,
    time_budget: float | None,
    drop: str | None,
) -> dict[str, Any]:
    """The spec as a JSON object; the server checks it.

    Parameters
    ----------
    table
        The table to train on, whose name is the model's when nothing else names it.
    file
        A spec in TOML, if any.
    target, name, time_budget, drop
        The options; None where they were not given. `drop` is column names with commas between.

    Raises
    ------
    Misuse
        When the file is not TOML, or nothing says what the target is.
    """
    spec = _read(file) if file else {}
    if target is not None:
        spec["target"] = target
    if "target" not in spec:
        raise Misuse("Nothing says which column to predict. Add --target COLUMN, or `target` to the spec.")
    spec["name"] = checked(str(name or spec.get("name") or model_name(table)))
    if time_budget is not None:
        _section(spec, "search", file)["time_budget"] = time_budget
    if drop is not None:
        names = [part.strip() for part in drop.split(",")]
        _section(spec, "columns", file)["drop"] = [part for part in names if part]
    return spec


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{file} is not a spec in TOML: {error}. See docs/spec.md for what it may say.") from error


def _section(spec: dict[str, Any], name: str, file: Path | None) -> dict[str, Any]:
    section = spec.setdefault(name, {})
    if not isinstance(section, dict):
        raise Misuse(f"{file}: expected [{name}] to be a table, got {section!r}. See docs/spec.md.")
    return section
