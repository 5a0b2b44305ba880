from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from automl.lake.key_hashes import KeyHashes
from automl.lake.key_part import ENTRY_BYTES, Part, Piece, entries_of, hours_of

HASHES = KeyHashes(b"s" * 32, "adult")
NOTHING = np.empty(0, np.uint64)

ranges = st.tuples(st.integers(0, 20), st.integers(1, 8), st.booleans())
pieces = st.lists(st.builds(lambda blob, own: (blob, *own), st.sampled_from(["09/a", "10/b"]), ranges), max_size=12)


def part(*keys: str, hour: int = 9, pieces: tuple[Piece, ...] = (), table_rows: int | None = None) -> Part:
    return Part(entries=entries_of(HASHES.of(keys), hour), pieces=pieces, table_rows=table_rows)


def wanted(*keys: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.unique(HASHES.of(keys))


def test_part_is_read_as_it_was_stored_six_bytes_an_entry() -> None:
    made = part("a", "b", "a", pieces=(Piece("09/i-1.jsonl", 0, 70, 3),))
    data = made.to_bytes(HASHES.check)
    assert len(data.partition(b"\n")[2]) == 2 * ENTRY_BYTES == 12
    read = Part.from_bytes(data, HASHES.check)
    assert read is not None
    assert (read.entries.tolist(), read.pieces) == (made.entries.tolist(), made.pieces)
    assert (read.rows, read.covered) == (3, {"09/i-1.jsonl": 70})


def test_part_of_another_secret_model_or_release_is_not_read() -> None:
    data = part("a").to_bytes(HASHES.check)
    others = KeyHashes(b"t" * 32, "adult"), KeyHashes(b"s" * 32, "iris")
    assert [Part.from_bytes(data, other.check) for other in others] == [None, None]
    assert all(other.of(["a"]).tolist() != HASHES.of(["a"]).tolist() for other in others)
    assert Part.from_bytes(data.replace(b'"format":1', b'"format":2'), HASHES.check) is None


def test_entries_are_found_with_their_hours_and_no_others() -> None:
    whole = Part.joined([part("a", "b", hour=9), part("a", "c", hour=23), part("d", hour=0)])
    assert hours_of(whole.of(wanted("a"))).tolist() == [9, 23]
    assert hours_of(whole.of(wanted("b", "d", "never"))).tolist() == [0, 9]
    assert whole.of(wanted("never")).tolist() == whole.of(NOTHING).tolist() == []
    assert hours_of(whole.without({"23"}).of(wanted("a", "c"))).tolist() == [9]


def test_rows_are_known_where_counted_pieces_cover_each_blob_and_hold_what_was_not_counted() -> None:
    first, second, between = Piece("09/a", 0, 10, 3), Piece("09/a", 10, 30, 4), Piece("09/a", 10, 20, None)
    assert Part.joined([part(pieces=(first,)), part(pieces=(between,))]).rows is None
    assert Part.joined([part(pieces=(second, between)), part(pieces=(first,))]).pieces == (Piece("09/a", 0, 30, 7),)
    both = Part.joined([part(pieces=(first, second)), part(pieces=(Piece("10/b", 0, 5, 1),))])
    assert both.rows == 8
    assert Part.joined([both, part(pieces=(Piece("09/a", 5, 40, 9),))]).rows is None


def test_count_of_the_lake_is_believed_unless_there_are_two() -> None:
    assert Part.joined([part(table_rows=5), part(pieces=(Piece("09/a", 0, 10, 3),))]).rows == 5
    assert Part.joined([part(table_rows=5), part(table_rows=6)]).rows == 0


@given(pieces)
def test_joined_pieces_cover_what_they_covered_one_by_one(given: list[tuple[str, int, int, bool]]) -> None:
    each = [part(pieces=(Piece(blob, start, start + n, n if known else None),)) for blob, start, n, known in given]
    read: dict[str, set[int]] = {}
    for blob, start, count, _ in given:
        read.setdefault(blob, set()).update(range(start, start + count))
    expected = {blob: next(end for end in range(99) if end not in own) for blob, own in read.items()}
    whole = Part.joined([Part(entries=NOTHING), *each])
    assert whole.covered == {blob: end for blob, end in expected.items() if end}
    if whole.rows is not None:
        assert whole.rows == sum(len(own) for own in read.values())
