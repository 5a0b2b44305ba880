"""The table that stands in for UCI Adult, and the request bodies made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.serving import census
from tests.benchmarks.serving.bodies import rows_of


def test_generated_table_has_adults_columns_and_something_to_learn() -> None:
    rows = census.generated(2_000).decode().splitlines()
    assert sorted(rows[0].split(",")) == sorted([*census.NUMBERS, *census.TEXTS, census.TARGET])
    positive = sum(row.endswith(">50K") for row in rows[1:]) / 2_000
    assert 0.1 < positive < 0.9
    assert census.generated(50) == census.generated(50)


def test_table_is_the_generated_one_where_adult_is_not_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_SHARED_DATA", str(tmp_path))
    name, _ = census.table()
    assert name.startswith("generated")


def test_bodies_are_made_of_complete_rows_without_the_target() -> None:
    table = b"age,workclass,income\n39,Private,<=50K\n40,,>50K\n"
    assert rows_of(table) == [{"age": 39, "workclass": "Private"}]
