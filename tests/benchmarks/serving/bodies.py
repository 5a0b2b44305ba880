"""Request bodies and the labels that answer them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd

from automl.parsing import parse_records
from automl.scoring.session import ModelSession
from tests.benchmarks.serving.census import NUMBERS, TEXTS

Row = dict[str, int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Bodies of one size.

    Parameters
    ----------
    graph, hand
        The labels that the exported graph and the hand-made pipeline give each body.
    """

    rows: int
    bodies: list[bytes]
    graph: list[list[str]]
    hand: list[list[str]]


def rows_of(table: bytes) -> list[Row]:
    """The table's complete rows as a client would send them: whole numbers and texts, without the target."""
    found = csv.DictReader(io.StringIO(table.decode()))
    return [
        {name: int(row[name]) if name in NUMBERS else row[name] for name in row if name in NUMBERS or name in TEXTS}
        for row in found
        if all(row.values())
    ]


def bodies_of(rows: Sequence[Row], size: int, count: int, session: ModelSession, pipeline: Any) -> Bodies:
    """Bodies of `size` rows each, taken from all over the table."""
    step = max(1, len(rows) // (size * count))
    chosen = [[rows[(body * size + row) * step % len(rows)] for row in range(size)] for body in range(count)]
    graph = [session.score(parse_records(session.signature, part)).labels for part in chosen]
    columns = [*NUMBERS, *TEXTS]
    return Bodies(
        rows=size,
        bodies=[orjson.dumps({"dataframe_records": part}) for part in chosen],
        graph=[[str(label) for label in labels] for labels in graph],
        hand=[pipeline.predict(pd.DataFrame(part)[columns]).tolist() for part in chosen],
    )
