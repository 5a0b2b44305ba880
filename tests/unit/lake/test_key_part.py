from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from automl.lake.key_hashes import KeyHashes
from automl.lake.key_part import ENTRY_BYTES, Part, Piece, entries_of, hours_of

HASHES = KeyHashes(b"s" * 32, "adult")
NOTHING = np.empty(0, np.uint64)

ranges = st.tuples(st.integers(0, 20), st.integers(1, 8))
pieces = st.lists(
    st.builds(lambda blob, own: Piece(blob, own[0], sum(own)), st.sampled_from(["09/a", "10/b"]), ranges), max_size=12
)


def part(*keys: str, hour: int = 9, pieces: tuple[Piece, ...] = (), table_rows: int | None = None) -> Part:
    return Part(entries=entries_of(HASHES.of(keys), hour), pieces=pieces, table_rows=table_rows)


def wanted(*keys: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.unique(HASHES.of(keys))


def test_part_is_read_as_it_was_stored_six_bytes_an_entry() -> None:
    made = part("a", "b", "a", pieces=(Piece("09/i-1.jsonl", 0, 70),))
    data = made.to_bytes(HASHES.check)
    assert len(data.partition(b"\n")[2]) == 2 * ENTRY_BYTES == 12
    read = Part.from_bytes(data, HASHES.check)
    assert read is not None
    assert (read.entries.tolist(), read.pieces) == (made.entries.tolist(), made.pieces)
    assert (read.table_rows, read.covered) == (None, {"09/i-1.jsonl": 70})


def test_part_of_another_secret_model_or_release_is_not_read() -> None:
    data = part("a").to_bytes(HASHES.check)
    others = KeyHashes(b"t" * 32, "adult"), KeyHashes(b"s" * 32, "iris")
    assert [Part.from_bytes(data, other.check) for other in others] == [None, None]
    assert all(other.of(["a"]).tolist() != HASHES.of(["a"]).tolist() for other in others)
    assert Part.from_bytes(data.replace(b'"format":2', b'"format":1'), HASHES.check) is None


def test_entries_are_found_with_their_hours_and_no_others() -> None:
    whole = Part.joined([part("a", "b", hour=9), part("a", "c", hour=23), part("d", hour=0)])
    assert hours_of(whole.of(wanted("a"))).tolist() == [9, 23]
    assert hours_of(whole.of(wanted("b", "d", "never"))).tolist() == [0, 9]
    assert whole.of(wanted("never")).tolist() == whole.of(NOTHING).tolist() == []
    assert hours_of(whole.without({"23"}).of(wanted("a", "c"))).tolist() == [9]


def test_count_of_the_lake_is_known_unless_there_are_two() -> None:
    assert Part.joined([part(table_rows=5), part(pieces=(Piece("09/a", 0, 10),))]).table_rows == 5
    assert Part.joined([part(table_rows=5), part(table_rows=6)]).table_rows is None


@given(pieces)
def test_joined_pieces_cover_what_they_covered_one_by_one(given: list[Piece]) -> None:
    read: dict[str, set[int]] = {}
    for piece in given:
        read.setdefault(piece.blob, set()).update(range(piece.start, piece.end))
    expected = {blob: next(end for end in range(99) if end not in own) for blob, own in read.items()}
    whole = Part.joined([Part(entries=NOTHING), *(part(pieces=(piece,)) for piece in given)])
    assert whole.covered == {blob: end for blob, end in expected.items() if end}
    joined: dict[str, list[int]] = {}
    for piece in whole.pieces:
        joined.setdefault(piece.blob, []).extend(range(piece.start, piece.end))
    assert {blob: set(own) for blob, own in joined.items()} == read
    assert all(len(own) == len(read[blob]) for blob, own in joined.items())
