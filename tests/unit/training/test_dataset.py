from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.errors import InvalidInput
from automl.training.dataset import read_table


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def refusal(data: bytes, form: str = "csv") -> str:
    with pytest.raises(InvalidInput) as caught:
        read_table(data, form)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_csv_cells_are_text_in_columns() -> None:
    table = read_table(b"a,b\n1,x\n2,\n", "csv")
    assert table.columns == {"a": ["1", "2"], "b": ["x", ""]}
    assert table.text
    assert table.rows == 2


def test_quoted_commas_quotes_and_line_breaks_are_part_of_a_cell() -> None:
    table = read_table(b'a,b\r\n"1,5","say ""hi""\nthere"\r\n', "csv")
    assert table.columns == {"a": ["1,5"], "b": ['say "hi"\nthere']}


def test_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert list(read_table(b"\xef\xbb\xbfname,b\n1,2\n", "csv").columns) == ["name", "b"]


def test_blank_lines_are_no_rows() -> None:
    assert read_table(b"\na,b\n1,2\n\n3,4\n\n", "csv").rows == 2


@pytest.mark.parametrize("data", [b"", b" \n \r\n"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_empty_file_is_refused(data: bytes, form: str) -> None:
    assert "an empty file" in refusal(data, form)


def test_header_only_is_refused() -> None:
    assert "a header only" in refusal(b"a,b\n")
    assert "a header only" in refusal(parquet(a=pa.array([], pa.int64())), "parquet")


def test_duplicate_column_names_are_named_with_their_count() -> None:
    text = refusal(b"a,b,a,b,a\n1,2,3,4,5\n")
    assert "Column 'a': expected one column of this name, got 3" in text
    assert "Column 'b': expected one column of this name, got 2" in text


def test_unnamed_column_is_named_by_its_position() -> None:
    assert "a name for column 1 of 2" in refusal(b",b\n0,1\n")


def test_a_byte_order_mark_alone_is_an_empty_file() -> None:
    assert "an empty file" in refusal(b"\xef\xbb\xbf\n")


def test_every_ragged_row_is_listed_with_row_and_line() -> None:
    text = refusal(b"a,b\n1,2\n3\n4,5\n6,7,8\n")
    assert "got 1 (line 3) in row 1" in text
    assert "got 3 (line 5) in row 3" in text


def test_many_ragged_rows_are_counted() -> None:
    with pytest.raises(InvalidInput, match="and 149 more") as caught:
        read_table(b"a,b\n" + b"1\n" * 150, "csv")
    assert len(caught.value.problems) == 100


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04rest", "a zip or Excel file"),
        (b"\x1f\x8brest", "a gzip file that is not whole"),
        (parquet(a=[1]), "a Parquet file"),
    ],
)
def test_another_format_sent_as_csv_is_called_by_its_name(data: bytes, kind: str) -> None:
    assert kind in refusal(data)


def test_an_open_quote_is_refused_with_its_line() -> None:
    assert "near line 3" in refusal(b'a,b\n1,2\n"3,4\n')


def test_unknown_format_is_refused() -> None:
    assert "the format csv or parquet" in refusal(b"a\n1\n", "xlsx")


def test_text_sent_as_parquet_is_refused() -> None:
    assert "a Parquet file, got something else" in refusal(b"a,b\n1,2\n", "parquet")


def test_a_cut_off_parquet_file_is_refused() -> None:
    assert "a whole Parquet file" in refusal(parquet(a=[1, 2, 3])[:-6], "parquet")


def test_parquet_values_are_plain_python() -> None:
    moment = datetime(2026, 11, 20, 16, tzinfo=UTC)
    data = parquet(
        integer=pa.array([1, None], pa.int32()),
        number=[1.5, None],
        truth=[True, None],
        text=["x", None],
        coded=pa.array(["x", None]).dictionary_encode(),
        money=pa.array([Decimal("1.25"), None]),
        day=[date(2026, 11, 20), None],
        moment=pa.array([moment, None], pa.timestamp("ns", tz="UTC")),
    )
    columns = read_table(data, "parquet").columns
    assert {name: cells[1] for name, cells in columns.items()} == dict.fromkeys(columns)
    first = [cells[0] for cells in columns.values()]
    assert first == [1, 1.5, True, "x", "x", 1.25, date(2026, 11, 20), moment]
    assert [type(value) for value in first] == [int, float, bool, str, str, float, date, datetime]


def test_parquet_columns_of_other_types_are_refused_by_name() -> None:
    text = refusal(parquet(a=[1], tags=[["x"]], raw=[b"x"]), "parquet")
    assert "Column 'tags'" in text
    assert "Column 'raw'" in text


def test_a_missing_column_is_refused_with_the_nearest_name() -> None:
    table = read_table(b"income,b\n1,2\n", "csv")
    with pytest.raises(InvalidInput, match="Did you mean 'income'"):
        table.require("incme", role="the target")
