"""Rows as a model sees them, and the canonical JSON objects they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.signature import Signature
from automl.values import MISSING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensors:
    """Rows as a model sees them.

    Parameters
    ----------
    num
        float64 [N, C]: numbers and epoch seconds, NaN when missing.
    cat
        object [N, K] of str: categories and booleans, `MISSING` when missing.
    """

    num: npt.NDArray[np.float64]
    cat: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.num)

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Tensors:
        return Tensors(num=self.num[rows], cat=self.cat[rows])

    @staticmethod
    def concat(parts: Sequence[Tensors]) -> Tensors:
        """The rows of all parts, in order."""
        return Tensors(
            num=np.concatenate([part.num for part in parts]), cat=np.concatenate([part.cat for part in parts])
        )


def to_records(signature: Signature, tensors: Tensors) -> list[dict[str, Any]]:
    """Canonical JSON objects of the rows; `parse_records` gives the same tensors back, bit for bit."""
    # Every request that is logged waits for this, and most rows miss nothing: their cells are looked at all together.
    numbers = [row if isfinite(sum(row)) else _without_nan(row) for row in tensors.num.tolist()]
    texts: list[list[Any]] = [
        row if MISSING not in row else [None if text == MISSING else text for text in row]
        for row in tensors.cat.tolist()
    ]
    for place in signature.booleans:
        for row in texts:
            row[place] = _BOOLEANS[row[place]]
    names = signature.packed
    return [dict(zip(names, first + last, strict=True)) for first, last in zip(numbers, texts, strict=True)]


def _without_nan(row: list[float]) -> list[float | None]:
    return [None if isnan(value) else value for value in row]


_BOOLEANS = {"true": True, "false": False, None: None}
