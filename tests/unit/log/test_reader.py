from __future__ import annotations

import pytest

from automl.log import reader
from automl.log.reader import decode, lines_of_hours, new_lines
from automl.storage import LOG, Missing
from tests.support.memory import MemoryStorage

BLOB = "adult/predictions/2026-11-20/16/a-1.jsonl"


def read(storage: MemoryStorage, offsets: dict[str, int], since: str = "") -> list[bytes]:
    """One pass: the new lines, with the offsets moved."""
    found: list[bytes] = []
    for name, end, lines in new_lines(storage, "adult", "predictions", offsets, since):
        offsets[name] = end
        found += lines
    return found


def test_each_line_is_read_once_over_many_passes() -> None:
    storage, offsets = MemoryStorage(), dict[str, int]()
    seen: list[bytes] = []
    for n in range(5):
        storage.append(LOG, BLOB, b"%d\n" % n, at=2 * n)
        seen += read(storage, offsets)
    assert seen == [b"0", b"1", b"2", b"3", b"4"]
    assert read(storage, offsets) == []


def test_half_a_last_line_waits_until_it_is_whole() -> None:
    storage, offsets = MemoryStorage(), dict[str, int]()
    storage.append(LOG, BLOB, b"one\ntw", at=0)
    assert read(storage, offsets) == [b"one"]
    assert read(storage, offsets) == []
    storage.append(LOG, BLOB, b"o\n", at=6)
    assert read(storage, offsets) == [b"two"]


@pytest.mark.parametrize("piece", [1, 3, 7, 100])
def test_long_blob_comes_in_pieces_of_whole_lines(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(reader, "PIECE_BYTES", piece)
    storage, offsets = MemoryStorage(), dict[str, int]()
    lines = [b"a", b"much longer than a piece", b"", b"b", b"cc"]
    storage.append(LOG, BLOB, b"\n".join(lines) + b"\nhalf", at=0)
    pieces = [(end, found) for _, end, found in new_lines(storage, "adult", "predictions", {})]
    assert [line for _, found in pieces for line in found] == [line for line in lines if line]
    assert (len(pieces) > 1) is (piece < 100)
    assert read(storage, offsets) == [line for line in lines if line]
    storage.append(LOG, BLOB, b" done\n", at=storage.size(LOG, BLOB))
    assert read(storage, offsets) == [b"half done"]


def test_blank_lines_are_nothing() -> None:
    storage = MemoryStorage()
    storage.append(LOG, BLOB, b"one\n\n\ntwo\n", at=0)
    assert read(storage, {}) == [b"one", b"two"]


def test_pass_with_nothing_new_reads_no_blob() -> None:
    storage, offsets = MemoryStorage(), dict[str, int]()
    storage.append(LOG, BLOB, b"one\n", at=0)
    read(storage, offsets)
    operations: list[str] = []
    storage.before = lambda operation, *_: operations.append(operation)
    assert read(storage, offsets) == []
    assert set(operations) == {"list"}


def test_earlier_hours_are_left_out_and_the_rest_comes_in_order() -> None:
    storage = MemoryStorage()
    for hour in ("2026-11-19/23", "2026-11-20/15", "2026-11-20/16", "2026-11-21/00"):
        storage.append(LOG, f"adult/predictions/{hour}/a-1.jsonl", hour.encode() + b"\n", at=0)
    assert read(storage, {}, "2026-11-20/16") == [b"2026-11-20/16", b"2026-11-21/00"]


def test_other_models_and_kinds_are_left_out() -> None:
    storage = MemoryStorage()
    storage.append(LOG, BLOB, b"mine\n", at=0)
    storage.append(LOG, BLOB.replace("adult", "adult-2"), b"another model's\n", at=0)
    storage.append(LOG, BLOB.replace("predictions", "truth"), b"another kind\n", at=0)
    assert read(storage, {}) == [b"mine"]


def test_blob_removed_after_it_was_listed_is_passed_over() -> None:
    storage = MemoryStorage()
    storage.append(LOG, BLOB, b"one\n", at=0)

    def removed(operation: str, container: str, name: str) -> None:
        if operation == "get_from":
            raise Missing(name)

    storage.before = removed
    assert read(storage, {}) == []


def test_torn_lines_are_counted_and_the_records_about_them_kept() -> None:
    records, torn = decode([b'{"id":"a"}', b'{"id":"b","fea', b'{"id":"c","fe{"id":"d"}', b"7", b'{"id":"e"}'])
    assert [record["id"] for record in records] == ["a", "e"]
    assert torn == 3


def test_only_the_hours_asked_for_are_read() -> None:
    storage = MemoryStorage()
    for hour in ("2026-11-20/15", "2026-11-20/16", "2026-11-21/16"):
        storage.append(LOG, f"adult/predictions/{hour}/a-1.jsonl", hour.encode() + b"\n", at=0)
    found = lines_of_hours(storage, "adult", "predictions", ["2026-11-20/16", "2026-11-22/00"])
    assert list(found) == [[b"2026-11-20/16"]]
