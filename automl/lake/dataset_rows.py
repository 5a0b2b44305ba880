"""Rows that a run trains on as columns of a Delta table, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.lake import labels
from automl.lake.features import Kind, Layout
from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.values import MISSING

CHUNK_ROWS = 65_536
"""Rows that are made columns of at a time."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Rows as a run read them; everything but the signature has N entries.

    Parameters
    ----------
    target
        Class codes, or numbers.
    fingerprints
        uint64: what tells each row from every other, those of the same batch included.
    sources
        Where each row is from: the raw blob of a table, or `labelled`.
    ids, keys
        Prediction id and business key; None where there is none.
    """

    signature: Signature
    tensors: Tensors
    target: npt.NDArray[Any]
    fingerprints: npt.NDArray[np.uint64]
    sources: Sequence[str]
    ids: Sequence[str | None]
    keys: Sequence[str | None]


def schema() -> Any:
    """`pyarrow.Schema` of a table that has no features yet."""
    import pyarrow as pa

    return pa.schema(
        {
            "date": pa.date32(), "row": pa.int64(), "fingerprint": pa.int64(), "source": pa.string(),
            "id": pa.string(), "key": pa.string(), "target": pa.string(), "target_number": pa.float64(),
        }
    )  # fmt: skip


def stream(batch: Batch, rows: Numbers, first: int, day: date, layout: Layout) -> Any:
    """Some rows of a batch as a `pyarrow.RecordBatchReader`, numbered from `first` on, made piece by piece."""
    import pyarrow as pa

    features = (*batch.signature.numbers, *batch.signature.categories)
    whole = pa.schema([*schema(), *(layout.field(one.name, _kind(one)) for one in features)])

    def pieces() -> Iterator[Any]:
        for start in range(0, len(rows), CHUNK_ROWS):
            cells = _cells(batch, rows[start : start + CHUNK_ROWS], first + start, day)
            yield pa.record_batch(cells, schema=whole)

    return pa.RecordBatchReader.from_batches(whole, pieces())


def columns(signature: Signature, layout: Layout) -> list[str]:
    """The table's columns of the features, in the order of the tensors."""
    return [layout.column(one.name, _kind(one)) for one in (*signature.numbers, *signature.categories)]


def tensors(signature: Signature, rows: Any, layout: Layout) -> Tensors:
    """The tensors of a `pyarrow.Table` that has the columns of this signature."""
    num = np.empty((rows.num_rows, len(signature.numbers)))
    cat = np.empty((rows.num_rows, len(signature.categories)), dtype=object)
    names = iter(columns(signature, layout))
    for index in range(len(signature.numbers)):
        num[:, index] = rows.column(next(names)).to_numpy()  # null becomes NaN
    for index, feature in enumerate(signature.categories):
        cells = rows.column(next(names)).to_pylist()
        if feature.type == "boolean":
            cells = [None if cell is None else values.category(cell) for cell in cells]
        cat[:, index] = [MISSING if cell is None else cell for cell in cells]
    return Tensors(num=num, cat=cat)


def target(signature: Signature, rows: Any) -> npt.NDArray[Any]:
    """Class codes, or numbers, of the rows of a `pyarrow.Table`."""
    if signature.task == "regression":
        numbers: npt.NDArray[np.float64] = rows.column("target_number").to_numpy()
        return numbers
    codes = {values.category(label): code for code, label in enumerate(signature.classes)}
    return np.asarray([codes[text] for text in rows.column("target").to_pylist()], dtype=np.int64)


def _cells(batch: Batch, rows: Numbers, first: int, day: date) -> list[Any]:
    """Some rows in the order of the fields: those of every table, then those of the signature."""
    import pyarrow as pa

    places, truth = rows.tolist(), batch.target[rows].tolist()
    if batch.signature.task == "classification":
        truth = [batch.signature.classes[code] for code in truth]
    texts, numbers = labels.columns(truth)
    cells = [
        pa.array([day] * len(rows), pa.date32()),
        pa.array(np.arange(first, first + len(rows), dtype=np.int64)),
        pa.array(batch.fingerprints[rows].view(np.int64)),  # Delta has no unsigned numbers
        *(pa.array([column[place] for place in places], pa.string())
          for column in (batch.sources, batch.ids, batch.keys)),
        pa.array(texts, pa.string()),
        pa.array(numbers, pa.float64()),
    ]  # fmt: skip
    cells += [pa.array(column, pa.float64(), from_pandas=True) for column in batch.tensors.num[rows].T]
    for feature, column in zip(batch.signature.categories, batch.tensors.cat[rows].T, strict=True):
        known: list[Any] = [None if text == MISSING else text for text in column.tolist()]
        if feature.type == "boolean":
            cells.append(pa.array([None if text is None else text == "true" for text in known], pa.bool_()))
        else:
            cells.append(pa.array(known, pa.string()))
    return cells


def _kind(feature: Feature) -> Kind:
    return "number" if feature.is_numeric else "boolean" if feature.type == "boolean" else "text"
