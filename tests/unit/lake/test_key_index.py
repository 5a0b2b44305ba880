from __future__ import annotations

from automl.lake.key_index import Gathered, KeyIndex, remove_before
from automl.storage import CONTROL
from tests.support.keyed import indexed, part_names, parts
from tests.support.memory import MemoryStorage

MODEL = "adult"


def enter(index: KeyIndex, day: str, hour: int, *keys: str) -> None:
    """Have keys in the index, as read from a blob of that hour."""
    reading = Gathered()
    reading.add(f"{MODEL}/predictions/{day}/{hour:02}/i-1.jsonl", 0, 10 * len(keys), index.hashes.of(keys))
    for own, part in reading.parts().items():
        index.add(own, part)


def begun() -> tuple[MemoryStorage, KeyIndex]:
    storage = MemoryStorage()
    return storage, KeyIndex(storage, MODEL)


def test_hours_of_keys_are_found_by_day() -> None:
    _, index = begun()
    enter(index, "2026-11-20", 9, "a", "b")
    enter(index, "2026-11-20", 23, "a")
    enter(index, "2026-11-21", 0, "c")
    known = index.days()
    found = index.look(known, [*known, "2026-11-22"], index.hashes.of(["a"]))
    assert {day: set(each.hours) for day, each in found.items()} == {
        "2026-11-20": {"09", "23"}, "2026-11-21": set(), "2026-11-22": set(),
    }  # fmt: skip
    assert found["2026-11-20"].covered == {"09/i-1.jsonl": 20, "23/i-1.jsonl": 10}
    assert {each.table_rows for each in found.values()} == {None}


def test_what_is_entered_twice_is_stored_once() -> None:
    storage, index = begun()
    for _ in range(2):
        enter(index, "2026-11-20", 9, "a")
    assert len(part_names(storage, MODEL)) == 1


def test_day_is_read_whole_while_another_process_puts_its_parts_together() -> None:
    storage, index = begun()
    enter(index, "2026-11-20", 9, "a")
    enter(index, "2026-11-20", 10, "b")

    def before(operation: str, container: str, name: str) -> None:
        if (operation, container) == ("get", CONTROL) and "/keys/" in name:
            storage.before = lambda *_: None
            enter(KeyIndex(storage, MODEL), "2026-11-21", 0, "c")

    storage.before = before
    assert len(index.day("2026-11-20").entries) == 2
    assert parts(storage, MODEL) == {"2026-11-20": 1, "2026-11-21": 1}


def test_part_that_is_gone_covers_nothing_any_more() -> None:
    storage, index = begun()
    enter(index, "2026-11-20", 9, "a")
    known = index.days()
    storage.delete(CONTROL, known["2026-11-20"][0])
    (found,) = index.look(known, known, index.hashes.of(["a"])).values()
    assert (found.hours, found.covered, found.table_rows) == (frozenset(), {}, None)


def test_days_are_removed_and_only_of_that_model() -> None:
    storage, index = begun()
    enter(index, "2026-11-20", 9, "a")
    enter(index, "2026-11-21", 9, "b")
    storage.put(CONTROL, "adult-2/keys/2026-11-20/x", b"")
    remove_before(storage, MODEL, "2026-11-21")
    assert indexed(storage, MODEL, ["a", "b"]) == {"b"}
    assert part_names(storage, "adult-2") == ["adult-2/keys/2026-11-20/x"]
