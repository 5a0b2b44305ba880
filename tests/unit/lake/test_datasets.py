"""Rows that runs train on: into the table once, found by their numbers, and the same bit for bit."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from automl.errors import Conflict, NotFound, Unavailable
from automl.lake import datasets, delta
from automl.lake.dataset_rows import Batch
from automl.lake.delta import Table
from automl.signature import Feature, Label, Signature
from automl.tensors import Tensors
from automl.values import MISSING
from tests.support.lake import contents, forget
from tests.support.memory import MemoryStorage

DAY = date(2026, 11, 20)
FEATURES = (
    Feature(name="plan, or none", type="category"),
    Feature(name="age", type="number"),
    Feature(name="member", type="boolean"),
    Feature(name="since", type="datetime"),
)


def signature(*classes: Label, features: tuple[Feature, ...] = FEATURES) -> Signature:
    task: Any = "classification" if classes else "regression"
    return Signature(features=features, target="y", task=task, classes=classes)


def batch(of: Signature, rows: int, *, first: int = 1, **more: Any) -> Batch:
    """Rows with every kind of cell, each with a fingerprint of its own."""
    rng = np.random.default_rng(first)
    num = rng.normal(size=(rows, len(of.numbers))) * 1e-300
    num[::3] = np.nan
    cat = np.empty((rows, len(of.categories)), dtype=object)
    for place, feature in enumerate(of.categories):
        cells = ["true", "false"] if feature.type == "boolean" else ["basic", "", "null", "ä€🙂"]
        cat[:, place] = [MISSING if row % 4 == 1 else str(rng.choice(cells)) for row in range(rows)]
    target = rng.integers(0, len(of.classes), rows) if of.classes else rng.normal(size=rows)
    fingerprints = np.arange(first, first + rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    names: dict[str, Any] = {"sources": ["m/t"] * rows, "ids": [None] * rows, "keys": [None] * rows}
    return Batch(
        signature=of,
        tensors=Tensors(num=num, cat=cat),
        target=target,
        fingerprints=fingerprints,
        **(names | more),
    )


def assert_read(storage: MemoryStorage, of: Batch, numbers: Any, rows: Any) -> None:
    tensors, target = datasets.read(storage, "m", of.signature, numbers[rows])
    np.testing.assert_array_equal(tensors.num, of.tensors.num[rows])
    assert tensors.cat.tolist() == of.tensors.cat[rows].tolist()
    np.testing.assert_array_equal(target, of.target[rows])
    assert target.dtype == of.target.dtype


@pytest.mark.parametrize("classes", [(), ("a", "b"), (False, True), (0, 7, 10)])
def test_rows_come_back_bit_for_bit_in_any_order_and_more_than_once(
    classes: tuple[Label, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.lake.dataset_rows.CHUNK_ROWS", 7)
    storage, rows = MemoryStorage(), batch(signature(*classes), 40)
    _, numbers = datasets.add(storage, "m", rows, DAY)
    assert numbers.tolist() == list(range(40))
    assert_read(storage, rows, numbers, np.array([39, 3, 3, 0, 17]))


def test_rows_that_are_there_are_not_added_again() -> None:
    storage, rows = MemoryStorage(), batch(signature("a", "b"), 40)
    version, numbers = datasets.add(storage, "m", rows, DAY)
    again, same = datasets.add(storage, "m", rows, date(2026, 11, 21))
    assert (again, same.tolist()) == (version, numbers.tolist())
    more = batch(signature("a", "b"), 40, first=21)
    _, others = datasets.add(storage, "m", more, date(2026, 11, 21))
    assert others.tolist() == list(range(20, 60))
    assert len(contents(storage, "m", "dataset")) == 60


def test_rows_of_another_signature_lie_beside_the_others_in_columns_of_their_own() -> None:
    storage, before = MemoryStorage(), batch(signature(), 10)
    _, numbers = datasets.add(storage, "m", before, DAY)
    turned = (Feature(name="age", type="category"), Feature(name="new", type="number"))
    after = batch(signature("a", "b", features=turned), 10, first=100)
    _, later = datasets.add(storage, "m", after, DAY)
    assert_read(storage, before, numbers, np.arange(10))
    assert_read(storage, after, later, np.arange(10))


def test_rows_are_found_after_compaction_and_vacuum() -> None:
    storage, rows = MemoryStorage(), batch(signature("a", "b"), 30)
    _, numbers = datasets.add(storage, "m", rows, DAY)
    datasets.add(storage, "m", batch(signature("a", "b"), 30, first=100), DAY)
    table = delta.open_table(storage, "m", "dataset")
    assert table is not None
    table.compact("2026-11-20")
    table.vacuum(24 * 7)
    assert_read(storage, rows, numbers, np.arange(30))


def test_of_two_runs_that_add_at_once_the_second_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, mine = MemoryStorage(), batch(signature("a", "b"), 20)
    theirs = batch(signature("a", "b"), 20, first=11)
    known = datasets._known

    def beside(table: Table, fingerprints: Any) -> Any:
        found = known(table, fingerprints)
        monkeypatch.setattr(datasets, "_known", known)
        datasets.add(storage, "m", theirs, DAY)
        return found

    monkeypatch.setattr(datasets, "_known", beside)
    _, numbers = datasets.add(storage, "m", mine, DAY)
    assert numbers.tolist() == [*range(20, 30), *range(10)]
    assert sorted(row["row"] for row in contents(storage, "m", "dataset")) == list(range(30))
    assert_read(storage, mine, numbers, np.arange(10))


def test_a_table_that_others_change_all_the_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise Conflict("Somebody was first.")

    monkeypatch.setattr(Table, "append_rows", refused)
    with pytest.raises(Unavailable, match="keeps being changed"):
        datasets.add(MemoryStorage(), "m", batch(signature(), 3), DAY)


def test_erased_rows_and_a_removed_table_are_told() -> None:
    storage = MemoryStorage()
    rows = batch(signature("a", "b"), 4, keys=["it's", None, "it's", "b"])
    with pytest.raises(NotFound, match="has none of the 2 rows: it was removed"):
        datasets.read(storage, "m", rows.signature, np.array([0, 1]))
    assert forget(storage, "m", "b") == 0
    _, numbers = datasets.add(storage, "m", rows, DAY)
    assert forget(storage, "m", "it's") == 2
    with pytest.raises(NotFound, match="has 2 of the 4 rows no more: they were erased"):
        datasets.read(storage, "m", rows.signature, numbers)
    assert_read(storage, rows, numbers, np.array([1, 3]))
    _, again = datasets.add(storage, "m", rows, DAY)
    assert again.tolist() == [4, 1, 5, 3]


def test_polars_reads_the_table() -> None:
    import polars as pl

    storage = MemoryStorage()
    datasets.add(storage, "m", batch(signature("no", "yes"), 30, ids=[f"p{row}" for row in range(30)]), DAY)
    frame = pl.scan_delta(f"{storage.tables().root}/m/dataset").sort("row").collect()
    assert frame["id"].to_list() == [f"p{row}" for row in range(30)]
    assert set(frame["target"].unique()) == {"no", "yes"}
    assert frame["feature_plan__or_none"].dtype == pl.String
    assert frame["feature_member"].dtype == pl.Boolean
    assert frame["date"].unique().to_list() == [DAY]
