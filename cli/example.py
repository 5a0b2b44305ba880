"""A curl line that scores a row of a table, ready to be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.batch import to_json
from cli.tables import batches


def curl(url: str, model: str, table: Path, signature: Mapping[str, Any], *, keyed: bool) -> str:
    """The line for the first row of a table.

    Parameters
    ----------
    signature
        The signature of the version that will answer: its features name the columns and say what a number is.
    keyed
        Whether the server asks for a key; the line then takes it from the environment, so that none is printed.
    """
    body = json.dumps({"dataframe_records": [_record(table, signature)]}, ensure_ascii=False)
    key = '-H "x-functions-key: $EVERGREEN_KEY" ' if keyed else ""
    return f"curl {key}-H 'content-type: application/json' {url}/models/{model}/score -d {shlex.quote(body)}"


def _record(table: Path, signature: Mapping[str, Any]) -> dict[str, Any]:
    first = next(batches(table, 1))
    cells = dict(zip(first.columns, first.rows[0], strict=True))
    return {
        feature["name"]: _value(cells[feature["name"]], is_number=feature["type"] == "number")
        for feature in signature["features"]
    }


def _value(cell: Any, *, is_number: bool) -> Any:
    """A cell as JSON: a CSV's text as a number where the model wants one, an empty cell as null."""
    if not isinstance(cell, str):
        return to_json(cell)
    if not cell:
        return None
    if is_number:
        try:
            number = float(cell.replace(",", ""))  # 1,234 as the server reads it
        except ValueError:
            return None  # one of the texts that a CSV has for a missing number
        return to_json(int(number) if number.is_integer() and abs(number) < 2**53 else number)
    return cell
