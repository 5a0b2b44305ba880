"""Log lines as rows of a Delta table: what goes in comes out, whatever its features are called, or their types."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.lake import rows
from automl.lake.features import LOGGED, Layout

DAY = "2026-11-20"
LABELS = st.one_of(st.text(max_size=5), st.integers(-(2**60), 2**60), st.booleans(), st.floats(allow_nan=False))
CELLS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(max_size=4))
NAMES = st.text(min_size=1, max_size=6)


def predicted(number: int, features: dict[str, Any], prediction: Any = "a", **more: Any) -> dict[str, Any]:
    made = {"id": f"id-{number}", "version": "v1", "role": "champion", "at": 1_763_620_945_920 + number}
    return {**made, "model": "m", "features": features, "prediction": prediction, "probabilities": [0.1, 0.9],
            "latency_us": 7, **more}  # fmt: skip


def there_and_back(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    table = rows.table("predictions", records, DAY, Layout(rows.schema("predictions")))
    return rows.records("predictions", table, Layout(table.schema))


def kept(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "model"}


@given(st.lists(st.tuples(st.dictionaries(NAMES, CELLS, max_size=4), LABELS), min_size=1, max_size=6))
def test_whatever_was_logged_comes_back_as_it_was(logged: list[tuple[dict[str, Any], Any]]) -> None:
    records = [predicted(number, features, label) for number, (features, label) in enumerate(logged)]
    back = there_and_back(records)
    assert back == [kept(record) for record in records]
    assert [type(one["prediction"]) for one in back] == [type(label) for _, label in logged]
    assert [list(one["features"]) for one in back] == [list(features) for features, _ in logged]


@given(st.lists(st.tuples(LABELS, st.booleans()), min_size=1, max_size=6))
def test_truths_come_back_with_their_id_or_key(logged: list[tuple[Any, bool]]) -> None:
    records = [
        {"id" if by_id else "key": f"n-{place}", "truth": truth, "at": place, "received": place + 1}
        for place, (truth, by_id) in enumerate(logged)
    ]
    table = rows.table("truth", records, DAY, Layout(rows.schema("truth")))
    assert rows.records("truth", table, Layout(table.schema)) == records


@pytest.mark.parametrize(
    ("features", "columns"),
    [
        ({"age": 1.0}, ["feature_age"]),
        ({"hours per week": 1.0, "hours_per_week": 2.0}, ["feature_hours_per_week", "feature_hours_per_week_number"]),
        ({"Age": 1.0, "age": 2.0}, ["feature_Age", "feature_age_number"]),
        ({"a;b": 1.0, "a,b": 1.0, "a b": 1.0}, ["feature_a_b", "feature_a_b_number", "feature_a_b_number_2"]),
        ({"never there": None}, []),
    ],
)
def test_columns_have_names_that_every_reader_takes(features: dict[str, Any], columns: list[str]) -> None:
    made = Layout(pa.schema([])).table([features]).column_names
    assert made == [LOGGED, *columns]


def test_feature_that_changes_its_type_gets_another_column_and_is_still_one_feature() -> None:
    records = [predicted(1, {"zip": 2139.0}), predicted(2, {"zip": "02139"}), predicted(3, {"zip": None})]
    table = rows.table("predictions", records, DAY, Layout(rows.schema("predictions")))
    assert table.column("feature_zip").to_pylist() == [2139.0, None, None]
    assert table.column("feature_zip_text").to_pylist() == [None, "02139", None]
    assert there_and_back(records) == [kept(record) for record in records]


def test_layout_that_a_table_tells_is_kept_to() -> None:
    first = Layout(pa.schema([])).table([{"a b": 1.0}])
    again = Layout(first.schema).table([{"a_b": 2.0, "a b": 3.0}])
    assert again.column("feature_a_b").to_pylist() == [3.0]


def test_fields_that_this_release_does_not_know_are_kept() -> None:
    table = rows.table("predictions", [predicted(1, {}, arm="b")], DAY, Layout(rows.schema("predictions")))
    assert table.column("more").to_pylist() == ['{"arm":"b"}']
