"""Rows of an erased key are left out of a table that was uploaded before, and of no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from automl import erasures
from automl.errors import InvalidInput
from automl.training.erased_rows import without_erased
from automl.training.table import Table
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

TABLE = Table(columns={"order": ["A-1", "7", None, "A-1"], "x": ["1", "2", "3", "4"]}, text=True, rows=4)


UPLOADED = datetime(2026, 11, 20, 16, tzinfo=UTC)


class Room:
    """An uploaded table, and erasures before and after."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.clock = FixedClock(UPLOADED)

    def erase(self, key: str, *, days: int = 1) -> None:
        self.clock.now += timedelta(days=days)
        erasures.ask(self.storage, self.clock, "m", key, queue="train")

    def left(self, column: str | None = "order") -> tuple[list[str], int]:
        table, erased = without_erased(self.storage, "m", TABLE, column, uploaded=UPLOADED)
        assert table.rows == len(table.columns["order"])
        return table.columns["x"], erased


def test_rows_of_an_erased_key_are_left_out() -> None:
    room = Room()
    room.erase("A-1")
    assert room.left() == (["2", "3"], 2)
    room.erase("7")
    assert room.left() == (["3"], 3)


def test_other_keys_and_tables_without_a_key_are_read_whole() -> None:
    room = Room()
    assert room.left() == (["1", "2", "3", "4"], 0)
    room.erase("A-2")
    assert room.left() == (["1", "2", "3", "4"], 0)
    room.erase("A-1")
    assert room.left(None) == (["1", "2", "3", "4"], 0)


def test_a_key_that_was_erased_before_the_upload_is_new_data() -> None:
    room = Room()
    room.erase("A-1", days=-1)
    assert room.left() == (["1", "2", "3", "4"], 0)


def test_a_table_of_erased_rows_alone_cannot_be_trained_on() -> None:
    room = Room()
    room.erase("A-1")
    room.erase("7")
    alone = Table(columns={"order": ["A-1", "7"]}, text=True, rows=2)
    with pytest.raises(InvalidInput):
        without_erased(room.storage, "m", alone, "order", uploaded=UPLOADED)
