"""Rows made to find a wrong export: on and beside the thresholds of a model, and at the edges of its input."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.export.dates import EARLIEST, LATEST
from automl.export.prep import Prep
from automl.export.scaling import LIMIT
from automl.export.splits import Splits
from automl.signature import Signature
from automl.tensors import Tensors
from automl.values import MISSING

Matrix = npt.NDArray[np.floating]
"""float32 rows of prep's matrix, or the float64 rows that the final estimator of a stack reads."""

MAX_SPLITS = 4000
"""Splits visited, three or four rows each; every tree has one at least."""

MAX_ROWS = 6000
"""Rows of one set; larger sets are thinned evenly."""

_TINY = np.float32(1e-35)
_EDGES = np.array(
    [0.0, -0.0, LIMIT, -LIMIT, *(s * v for s in (1, -1) for v in (_TINY, np.nextafter(_TINY, np.float32(1)), 1e-45))],
    dtype=np.float32,
)
"""Scaled values: zeros, the clip, LightGBM's edge of zero, the smallest float32."""

_NUMBERS = (np.nan, 0.0, -0.0, 1e300, -1e300, 1e-300, -1e-300, 5e-324, 1.7976931348623157e308, 2.0**53 + 2.0)
_MOMENTS = (EARLIEST, LATEST, -0.5, -86400.0, 951782400.0, 951868799.999, 4107542400.0, 1e11)
"""Epoch seconds: the bounds, before 1970, 2000-02-29 and its end, 2100-03-01, milliseconds taken for seconds."""

_TEXTS = (
    MISSING,
    "never seen",
    unicodedata.normalize("NFC", "Ångström ñ 日本 🌲"),
    unicodedata.normalize("NFD", "Ångström"),
    "0:",
    "1:a",
    " ",
    "x" * 10_000,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSet:
    """Rows to compare, and why each is there.

    Parameters
    ----------
    name
        What the set is called in messages.
    rows
        Raw rows for the whole graph, or matrix rows [N, F] for the model behind prep.
    columns
        For each row the column that was changed; empty for rows taken as they are.
    """

    name: str
    rows: Tensors | Matrix
    columns: Sequence[str] = ()

    def thinned(self) -> RowSet:
        """At most `MAX_ROWS` of the rows, evenly spread."""
        step = -(-len(self.rows) // MAX_ROWS)
        return self if step <= 1 else RowSet(name=self.name, rows=self.rows[::step], columns=self.columns[::step])


def threshold_rows(
    splits: Splits, columns: Sequence[str], base: Matrix, *, takes_nan: bool, rng: np.random.Generator
) -> RowSet:
    """Rows that reach a split with the last value that goes left, the one after it, the one before it, and NaN.

    The neighbours are float32; where the rows are float64, also the last float64 that goes left and
    its own neighbours.

    Parameters
    ----------
    base
        Matrix rows [B, F], B > 0, to start from.
    """
    chosen = splits.sample(MAX_SPLITS, rng)
    # From several rows, when the model is small: two sides of a split can agree on one row and not on the next.
    chosen = np.tile(chosen, min(4, max(1, MAX_SPLITS // max(1, len(chosen)))))
    reaching = splits.reaching(chosen, base[rng.integers(0, len(base), len(chosen))])
    feature, last = splits.feature[chosen], splits.last_left[chosen]
    beside: list[Matrix] = [last, np.nextafter(last, np.float32(np.inf)), np.nextafter(last, np.float32(-np.inf))]
    if base.dtype == np.float64:
        exact = splits.last_left64[chosen]
        beside += [exact, np.nextafter(exact, np.inf), np.nextafter(exact, -np.inf)]
    if takes_nan:
        beside.append(np.full(len(last), np.nan, dtype=np.float32))
    rows = np.concatenate([reaching] * len(beside))
    rows[np.arange(len(rows)), np.tile(feature, len(beside))] = np.concatenate(beside)
    return RowSet(name="threshold", rows=rows, columns=[columns[index] for index in feature] * len(beside))


def edge_rows(columns: Sequence[str], base: Matrix, rng: np.random.Generator) -> RowSet:
    """Matrix rows with one column at zero, at the clip, or at the smallest numbers."""
    width = base.shape[1]
    rows = base[rng.integers(0, len(base), width * len(_EDGES))]
    changed = np.tile(np.arange(width), len(_EDGES))
    rows[np.arange(len(rows)), changed] = np.repeat(_EDGES, width)
    return RowSet(name="edge", rows=rows, columns=[columns[index] for index in changed]).thinned()


def raw_rows(signature: Signature, base: Tensors, rng: np.random.Generator) -> RowSet:
    """Raw rows with one column missing, unseen, or of extreme size; and rows with every column so."""
    change = _Changes(base, rng)
    for column, feature in enumerate(signature.numbers):
        extremes = [*_NUMBERS, *(value for value in (feature.low, feature.high) if value is not None)]
        for value in [*extremes, *_MOMENTS] if feature.type == "datetime" else extremes:
            change.add(feature.name, num={column: value})
    for column, feature in enumerate(signature.categories):
        for text in (*_TEXTS, *feature.categories[:3]):
            change.add(feature.name, cat={column: text})
    for number in _NUMBERS:
        for text in _TEXTS[:2]:
            change.add(
                "(all)",
                num=dict.fromkeys(range(base.num.shape[1]), number),
                cat=dict.fromkeys(range(base.cat.shape[1]), text),
            )
    return change.rows("raw").thinned()


def neighbour_rows(
    splits: Splits, prep: Prep, names: Sequence[str], base: Tensors, rng: np.random.Generator
) -> RowSet:
    """Raw rows whose number, scaled, falls on a threshold, with its neighbours in double and in scaled float32."""
    change = _Changes(base, rng)
    scaled = np.flatnonzero(splits.feature < len(names))
    for split in rng.permutation(scaled)[: MAX_SPLITS // 20]:
        column, last = int(splits.feature[split]), splits.last_left[split]
        center, spread = prep.scaling.center[column], prep.scaling.spread[column]
        for value in (last, np.nextafter(last, np.float32(np.inf))):
            raw = center + spread * float(value)
            for near in (raw, np.nextafter(raw, np.inf), np.nextafter(raw, -np.inf)):
                change.add(names[column], num={column: float(near)})
    return change.rows("neighbour")


class _Changes:
    """Copies of rows drawn at random, each with some columns changed."""

    def __init__(self, base: Tensors, rng: np.random.Generator) -> None:
        self.base, self.rng = base, rng
        self.edits: list[tuple[str, dict[int, float], dict[int, str]]] = []

    def add(self, column: str, *, num: dict[int, float] | None = None, cat: dict[int, str] | None = None) -> None:
        self.edits.append((column, num or {}, cat or {}))

    def rows(self, name: str) -> RowSet:
        drawn = self.base[self.rng.integers(0, len(self.base), len(self.edits))]
        for row, (_, num, cat) in enumerate(self.edits):
            for index, number in num.items():
                drawn.num[row, index] = number
            for index, text in cat.items():
                drawn.cat[row, index] = text
        return RowSet(name=name, rows=drawn, columns=[column for column, _, _ in self.edits])
