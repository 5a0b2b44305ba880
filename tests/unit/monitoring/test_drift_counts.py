"""Counting lines of the log gives what training counted, however the log is cut."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.lake.features import Layout
from automl.lake.lines import Lines
from automl.lake.rows import schema
from automl.monitoring.drift_columns import CategoryColumn, NumberColumn
from automl.monitoring.drift_counts import Counts, tally_of
from automl.monitoring.drift_reference import Reference, References
from automl.monitoring.histograms import Tally
from automl.parsing import parse_records
from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.training.baseline import baseline
from automl.training.infer import describe
from tests.unit.monitoring.drifting import as_logged, begun, records, reference, trained

HOUR = "2026-11-20/16"


def counted(*batches: list[dict[str, Any]]) -> Counts:
    replay = begun()
    counts = Counts(References(replay.registry, replay.model))
    for batch in batches:
        counts.add(rows_of([orjson.dumps(record) for record in batch]))
    return counts


def rows_of(lines: list[bytes]) -> Any:
    """Lines as the monitor reads them."""
    table, _ = Lines("predictions", Layout(schema("predictions"))).table(b"\n".join([*lines, b""]), "2026-11-20")
    return table


def slots(tally: Tally, name: str) -> list[int]:
    whole = reference()
    place = [column.name for column in whole.columns].index(name)
    return tally.slots[whole.starts[place] : whole.starts[place + 1]].tolist()  # type: ignore[no-any-return]


def test_the_training_rows_are_counted_as_the_baseline_counted_them() -> None:
    signature, rows = trained()
    tally = counted(as_logged(signature, rows)).tallies["v1"][HOUR]
    assert tally.rows == len(rows)
    assert tally.slots.tolist() == np.concatenate([column.reference for column in reference().columns]).tolist()
    assert tally.low[0] == rows.num[:, 0].min()
    assert tally.high[0] == rows.num[:, 0].max()


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 300), max_size=4))
def test_tallies_are_the_same_however_the_lines_are_cut(cuts: list[int]) -> None:
    logged = as_logged(trained()[0], parse_records(trained()[0], records(300, seed=7, job=None)))
    for place, record in enumerate(logged):
        record["features"]["job"] = ("baker", "clerk", None, "miller", "smith", "cook", "tailor")[place % 7]
    whole = counted(logged).tallies["v1"][HOUR]
    places = sorted({0, *cuts, len(logged)})
    parts = counted(*[logged[start:end] for start, end in itertools.pairwise(places)])
    assert parts.tallies["v1"][HOUR].pack() == whole.pack()
    assert whole.new == {"job": ["cook", "miller", "smith"]}


def test_missing_values_unseen_ones_and_those_out_of_range_have_places_of_their_own() -> None:
    logged = as_logged(trained()[0], parse_records(trained()[0], records(6, seed=1)))
    for record, age, job in zip(
        logged, (None, -1e6, 1e6, 40.0, 40.0, 40.0), (None, "x", "y", "y", "clerk", "7"), strict=True
    ):
        record["features"] |= {"age": age, "job": job}
    tally = counted(logged).tallies["v1"][HOUR]
    assert slots(tally, "age")[-3:] == [1, 1, 1]
    assert sum(slots(tally, "age")[:-3]) == 5
    assert slots(tally, "job")[-2:] == [4, 1]
    assert tally.new == {"job": ["7", "x", "y"]}


def test_torn_lines_and_unknown_versions_are_not_counted() -> None:
    logged = as_logged(trained()[0], parse_records(trained()[0], records(3, seed=1)))
    logged[2]["version"] = "gone"
    counts = counted(logged)
    counts.add(rows_of([orjson.dumps(logged[0])[:-20]]))
    assert {version: tally[HOUR].rows for version, tally in counts.tallies.items()} == {"v1": 2}


def test_hours_are_those_of_the_prediction() -> None:
    logged = as_logged(trained()[0], parse_records(trained()[0], records(4, seed=1)))
    logged[3]["at"] += 3_600_000
    assert {hour: tally.rows for hour, tally in counted(logged).tallies["v1"].items()} == {
        HOUR: 3,
        "2026-11-20/17": 1,
    }


def test_a_column_that_is_not_logged_is_not_counted_as_missing() -> None:
    logged = as_logged(trained()[0], parse_records(trained()[0], records(4, seed=1)))
    for record in logged:
        del record["features"]["job"]
    del logged[2]["features"]["age"]  # and one is missing in a single line
    tally = counted(logged).tallies["v1"][HOUR]
    assert sum(slots(tally, "job")) == 0
    assert sum(slots(tally, "age")) == 3
    assert sum(slots(tally, "member")) == 4


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_baseline_of_the_first_format_is_still_read(task: str) -> None:
    """As version 0.1 wrote it: without a number, importance or score."""
    answer: dict[str, Any] = {"values": ["no", "yes"], "counts": [60, 40]}
    if task == "regression":
        answer = {"edges": [1.0, 2.0], "counts": [30, 30, 40], "missing": 0}
    old = {
        "task": task,
        "n": 100,
        "loss": {"kind": "error", "mean": 0.1, "upper": 0.16, "clip": None, "n": 100},
        "features": {
            "a": {"type": "number", "edges": [0.5], "counts": [50, 49], "missing": 1},
            "c": {"type": "category", "values": ["x", "y"], "counts": [70, 20], "other": 3, "missing": 7},
        },
        "prediction": answer,
    }
    features = (Feature(name="a", type="number", low=0, high=1), Feature(name="c", type="category"))
    signature = Signature(features=features, target="t", task="classification", classes=("no", "yes"))
    found = Reference.read("v0", signature, old)
    assert found is not None
    number, category, prediction = found.columns
    assert isinstance(number, NumberColumn)
    assert isinstance(category, CategoryColumn)
    assert number.importance is category.importance is None
    assert (number.reference.tolist(), category.reference.tolist()) == ([50, 49, 1, 0, 0], [70, 20, 0, 3, 7])
    assert not category.known
    assert int(prediction.reference.sum()) == 100


def test_a_version_without_distributions_has_no_reference() -> None:
    assert Reference.read("v0", trained()[0], {"task": "classification", "n": 1, "loss": {}}) is None


def test_values_beyond_the_twenty_most_frequent_share_a_bin_that_is_not_that_of_unseen_ones() -> None:
    signature = Signature(features=(Feature(name="c", type="category"),), target="t", task="regression")
    cells = [[f"v{place:02}"] for place in range(30) for _ in range(31 - place)]
    rows = Tensors(num=np.empty((len(cells), 0)), cat=np.array(cells, dtype=object))
    found = Reference.read(
        "v1",
        describe(signature, rows),
        baseline(describe(signature, rows), rows, truth=[1.0, 2.0], answers=[1.0, 2.0]),
    )
    assert found is not None
    tally = tally_of(found, [["v00", "v19", "v20", "v29", "zz"], None], 5)
    assert tally.slots[:23].tolist() == [1] + [0] * 18 + [1, 2, 1, 0]
