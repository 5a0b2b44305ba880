"""Categories as numbers, by their frequency in training: nothing here has seen the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.export.graph import Graph
from automl.values import MISSING

ONE_HOT_CATEGORIES = 10
"""Columns with 3 to this many categories get a column for each; two categories are told apart by their rank."""

MAX_CATEGORIES = 50_000
"""Categories kept of one column, most frequent first. The others read as unseen, in training as later."""

UNSEEN_RANK = -1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vocabulary:
    """The categories of each column of `cat`, most frequent first; a missing value is a category if training had one.

    Parameters
    ----------
    names
        The columns.
    categories
        For each column its categories.
    counts
        For each column how often each category occurred.
    rows
        Rows counted.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    counts: tuple[tuple[int, ...], ...]
    rows: int

    @classmethod
    def fit(cls, names: Sequence[str], cat: npt.NDArray[np.object_]) -> Vocabulary:
        """Count the values of `cat`, object [N, K]; equally frequent ones are ordered by their text."""
        tables = []
        for column in range(cat.shape[1]):
            counted = sorted(Counter(cat[:, column].tolist()).items(), key=lambda item: (-item[1], item[0]))
            tables.append(counted[:MAX_CATEGORIES])
        return cls(
            names=tuple(names),
            categories=tuple(tuple(category for category, _ in table) for table in tables),
            counts=tuple(tuple(count for _, count in table) for table in tables),
            rows=len(cat),
        )

    @property
    def columns(self) -> list[str]:
        """Names of the matrix columns that `emit` makes, in order."""
        ranks = [f"{name} rank" for name in self.names]
        frequencies = [f"{self.names[column]} frequency" for column in self._large()]
        flags = [f"{self.names[column]} = {_shown(self.categories[column][code])}" for column, code in self._flags()]
        return ranks + frequencies + flags

    def emit(self, graph: Graph, cat: str) -> list[str]:
        """Names of float32 tensors [N, ·] that together hold `columns`.

        All columns share one lookup, each value behind the number of its column: 5 µs for ten columns and a row
        where a lookup for each takes 12. The colon ends the number, so no value can pass for another column's.
        """
        prefixes = np.array([f"{column}:" for column in range(len(self.names))], dtype=object)
        keys = [f"{column}:{category}" for column, table in enumerate(self.categories) for category in table]
        unseen = len(keys)
        numbers = {key: number for number, key in enumerate(keys)}
        # Where strings end at their first NUL (onnxruntime-web), the missing category arrives as an empty text, which
        # is no value of its own: the signature reads it as missing.
        numbers |= {key.removesuffix(MISSING): code for key, code in numbers.items() if key.endswith(f":{MISSING}")}
        index = graph.op(
            "LabelEncoder",
            graph.op("StringConcat", graph.constant(prefixes), cat),
            keys_strings=list(numbers),
            values_int64s=np.array(list(numbers.values()), dtype=np.int64),
            default_int64=unseen,
        )
        ranks, frequencies = self._tables()
        tensors = [graph.op("Gather", graph.constant(ranks), index, axis=0)]
        if large := self._large():
            picked = graph.op("Gather", index, graph.constant(np.array(large, dtype=np.int64)), axis=1)
            tensors.append(graph.op("Gather", graph.constant(frequencies), picked, axis=0))
        if flags := self._flags():
            starts = np.cumsum([0, *(len(table) for table in self.categories)])
            columns = np.array([column for column, _ in flags], dtype=np.int64)
            codes = np.array([starts[column] + code for column, code in flags], dtype=np.int64)
            picked = graph.op("Gather", index, graph.constant(columns), axis=1)
            tensors.append(graph.cast(graph.op("Equal", picked, graph.constant(codes)), np.float32))
        return tensors

    def _tables(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Rank in [0, 1) and log frequency in [0, 1] of every key, and last of what was never seen."""
        ranks = [code / len(table) for table in self.categories for code in range(len(table))]
        whole = np.log1p(max(self.rows, 1))
        frequencies = [np.log1p(count) / whole for table in self.counts for count in table]
        return np.array([*ranks, UNSEEN_RANK], dtype=np.float32), np.array([*frequencies, 0.0], dtype=np.float32)

    def _large(self) -> list[int]:
        # Where every category has its own column, frequency would say nothing new.
        return [column for column, table in enumerate(self.categories) if len(table) > ONE_HOT_CATEGORIES]

    def _flags(self) -> list[tuple[int, int]]:
        return [
            (column, code)
            for column, table in enumerate(self.categories)
            if 2 < len(table) <= ONE_HOT_CATEGORIES
            for code in range(len(table))
        ]


def _shown(category: str) -> str:
    return "(missing)" if category == MISSING else category
