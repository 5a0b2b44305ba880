"""Tensors as the columns of a table: one input a feature, named as its column, or several features packed in one.

`num` and `cat` are what the graph of a model takes: `[N, C]` numbers, `[N, K]` texts, in the order of the signature.
A column that is called `num` or `cat` itself keeps its name; such a model has no packed inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.scoring import rows
from automl.scoring.inference_protocol import fields
from automl.scoring.inference_protocol.tensors import Tensor
from automl.scoring.reading import Reading, Rows, check_count
from automl.signature import Signature


def packed(signature: Signature) -> dict[str, list[str]]:
    """The columns within each packed input; empty where names would be taken for two things."""
    both = {
        "num": [feature.name for feature in signature.numbers],
        "cat": [feature.name for feature in signature.categories],
    }
    taken = {feature.name for feature in signature.features} | signature.ignored.keys() | {signature.target}
    if not taken.isdisjoint(both):
        return {}
    return {name: columns for name, columns in both.items() if columns}


def to_rows(reading: Reading, tensors: Sequence[Tensor]) -> Rows:
    """Rows of the inputs of a request.

    Raises
    ------
    InvalidInput
        Naming each input whose shape or elements do not fit, every column that is missing, unknown or given twice.
    TooLarge
        There are too many rows.
    """
    count = _count(reading, tensors)
    columns_of = packed(reading.signature)
    read = {feature.name for feature in reading.signature.features} | {reading.key}
    unread: list[Any] = [None] * count  # one for all that is no feature: the parser ignores or refuses its name
    columns: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for tensor in tensors:
        names = columns_of.get(tensor.name, [tensor.name])
        if tensor.name not in columns_of and tensor.name not in read:
            columns[tensor.name] = unread
            continue
        try:
            elements = _values(tensor, names)
            for index, name in enumerate(names):
                if name in columns:
                    raise fields.bad(tensor.field, "each column once", f"{name!r} again", "Send it in one input.")
                columns[name] = elements[index :: len(names)]
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput.of(problems)
    return rows.from_columns(reading, columns)


def _values(tensor: Tensor, names: Sequence[str]) -> list[Any]:
    if tensor.width != len(names):
        expected = f"[N, {len(names)}]" if len(names) > 1 else "[N] or [N, 1]"
        remedy = f"Send the columns {', '.join(names[:50])}." if len(names) > 1 else "Send one element for each row."
        raise fields.bad(f"{tensor.field}.shape", expected, str(list(tensor.shape)), remedy)
    return tensor.values()


def _count(reading: Reading, tensors: Sequence[Tensor]) -> int:
    """How many rows there are, known to be few enough before they are made."""
    counts = {tensor.name: tensor.rows for tensor in tensors}
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{count} in '{name[:100]}'" for name, count in list(counts.items())[:10])
        raise fields.bad("inputs", "as many rows in every tensor", shown, "Let the first sizes of all shapes agree.")
    count = next(iter(counts.values()), 0)
    if count == 0:
        raise fields.bad("inputs", "at least one row", "none", "Send one tensor for each column, of the shape [N].")
    check_count(reading, count)
    return count
