"""Rows of a key are taken out of a file, and nothing else of it changes."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput
from automl.training.dataset import read_table
from automl.training.repairs import Aside, as_csv
from automl.training.without_key import aside_without_key, without_key

PLAIN = 'order,name,x\r\nA-1,"Zürich, or\r\nso",1\r\nA-2,"say ""no""",2\r\n\r\nA-1,c,3\r\nA-3,d,4'
LEFT = 'order,name,x\r\nA-2,"say ""no""",2\r\n\r\nA-3,d,4'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_other_rows_of_a_csv_stay_byte_for_byte(encoding: str, delimiter: str) -> None:
    data, left = (text.replace(",", delimiter).encode(encoding) for text in (PLAIN, LEFT))
    assert without_key(data, "order", "A-1") == (left, 2)
    assert without_key(left, "order", "A-1") == (left, 0)


def test_packed_file_stays_packed_and_comes_to_the_same_bytes_each_time() -> None:
    data, count = without_key(gzip.compress(PLAIN.encode()), "order", "A-1")
    assert (gzip.decompress(data), count) == (LEFT.encode(), 2)
    assert without_key(gzip.compress(PLAIN.encode(), 1), "order", "A-1")[0] == data


@pytest.mark.parametrize(
    ("text", "key", "left"),
    [
        ("sep=;\norder;x\nA-1;1\nA-2;2\n", "A-1", "sep=;\norder;x\nA-2;2\n"),
        ("order,x\n7.0,1\n07,2\n7,3\n17,4\n", "7", "order,x\n07,2\n17,4\n"),
        ("order,x\nA-1,A-2\nA-2,A-1\n", "A-1", "order,x\nA-2,A-1\n"),
        ("order,x\nA-1\nA-2\n1,A-1,3\nA-2,1\n", "A-1", "order,x\nA-2\nA-2,1\n"),
        ("A-1,x\nA-1,1\n", "A-1", "A-1,x\nA-1,1\n"),
        ("order,x\nA-1,1", "A-1", "order,x\n"),
        ("order,x\nCafe\u0301,1\nT,2\n", "Café", "order,x\nT,2\n"),
        ('order,x\n"say ""no""",1\n', 'say "no"', "order,x\n"),
    ],
    ids=["separator", "number", "other column", "ragged", "no such column", "last", "composed", "quoted"],
)
def test_row_is_of_the_key_as_scoring_reads_it(text: str, key: str, left: str) -> None:
    assert without_key(text.encode(), "order", key)[0].decode() == left


CELLS = st.text(st.sampled_from('ab7.0,"\n\r é'), max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(["a", "7", "b", "é", "a,b"]))
def test_what_is_left_reads_as_the_table_without_the_rows(rows: list[tuple[str, str]], key: str) -> None:
    quoted = ['"order","x"', *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
    data = "\n".join(quoted).encode()
    keys = read_table(data, "csv").columns["order"]
    left, count = without_key(data, "order", key)
    others = [cell for cell in keys if cell != key and not (key == "7" and cell in ("7.0", "7.00"))]
    assert count == len(keys) - len(others)
    if others:
        assert read_table(left, "csv").columns["order"] == others


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_rows_of_a_parquet_file_go_with_every_trace_of_their_cells(compression: str) -> None:
    table = pa.table(
        {
            "order": pa.array(["A-1", "A-2", None, "A-1", "A-3"]).dictionary_encode(),
            "name": pa.array(["Berta", "Carl", "Dora", "Berta", "Emil"]).dictionary_encode(),
            "x": pa.array([1, 2, 3, 4, 5], pa.int16()),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=2, compression=compression)
    data, count = without_key(sink.getvalue(), "order", "A-1")
    assert count == 2
    assert read_table(data, "parquet").columns == {
        "order": ["A-2", None, "A-3"], "name": ["Carl", "Dora", "Emil"], "x": [2, 3, 5],
    }  # fmt: skip
    whole = pq.read_table(io.BytesIO(data))
    assert whole.schema.field("x").type == pa.int16()
    assert pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).compression == {
        "none": "UNCOMPRESSED"
    }.get(compression, compression.upper())
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="none")
    left = without_key(plain.getvalue(), "order", "A-1")[0]
    assert not [text for text in (b"A-1", b"Berta") if text in left]
    assert without_key(data, "order", "A-1") == (data, 0)


@pytest.mark.parametrize(("cells", "key"), [([7, 8], "7"), ([7.0, 8.5], "7"), ([True, False], "true")])
def test_keys_of_a_parquet_file_need_not_be_text(cells: list[Any], key: str) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"order": cells}), sink)
    data, count = without_key(sink.getvalue(), "order", key)
    assert (read_table(data, "parquet").columns["order"], count) == (cells[1:], 1)
    assert without_key(sink.getvalue(), "other", key) == (sink.getvalue(), 0)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04A-1", b"PAR1A-1", b"", b'order\n"A-1\n', gzip.compress(b"order\nA-1", mtime=0)[:-5]]
)
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        without_key(data, "order", "A-1")


def test_rows_that_were_put_aside_go_by_any_of_their_own_cells() -> None:
    rows = [
        Aside(row=row, line=7, cells=cells, reason="7") for row, cells in enumerate([("7",), ("a", "7"), ("a", "b")])
    ]
    assert aside_without_key(as_csv(rows), "7") == (as_csv(rows[2:]), 2)
