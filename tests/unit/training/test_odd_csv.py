"""CSV files as people have them: read for what they are, repaired visibly, put aside and kept, or refused."""

from __future__ import annotations

import gzip
import random

import pytest

from automl.errors import InvalidInput
from automl.storage import RAW
from automl.training.columns import kind_of
from automl.training.dataset import read_table
from automl.training.repairs import keep
from tests.support.memory import MemoryStorage

PLAIN = "name,city\ncafé,Zürich\nthé,Genève\n"
CELLS = {"name": ["café", "thé"], "city": ["Zürich", "Genève"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_file_is_read_whatever_its_encoding_delimiter_and_packing(
    encoding: str, delimiter: str, packed: bool
) -> None:
    data = PLAIN.replace(",", delimiter).encode(encoding)
    table = read_table(gzip.compress(data) if packed else data, "csv")
    assert table.columns == CELLS
    assert bool(table.remarks) is (packed or delimiter != "," or encoding != "utf-8")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sep=;\na;b\n1;2\n", {"a": ["1"], "b": ["2"]}),
        ("a;b\n1,5;2,5\n", {"a": ["1,5"], "b": ["2,5"]}),
        ("'a','b'\n'1,5','x'\n", {"a": ["1,5"], "b": ["x"]}),
        ('a,b\n"x;y;z",1\n"p;q;r",2\n', {"a": ["x;y;z", "p;q;r"], "b": ["1", "2"]}),
        ('a;b\n"1;5";x\n', {"a": ["1;5"], "b": ["x"]}),
        ("a\n1\n2\n", {"a": ["1", "2"]}),
        ("a,b\r1,2\r", {"a": ["1"], "b": ["2"]}),
        ("a,b\nit's,John's\n", {"a": ["it's"], "b": ["John's"]}),
    ],
)
def test_delimiter_and_quotes_are_recognised(text: str, columns: dict[str, list[str]]) -> None:
    assert read_table(text.encode(), "csv").columns == columns


def test_byte_that_is_no_utf8_far_behind_the_sample_decides_the_encoding() -> None:
    data = b"a,b\n" + b"1,2\n" * 200_000 + "caf\u00e9,1\n".encode("cp1252")
    table = read_table(data, "csv")
    assert table.columns["a"][-1] == "café"
    assert table.remarks == ("in Windows-1252",)


def test_few_ragged_rows_are_put_aside_with_line_and_reason_and_the_others_read() -> None:
    lines = [f"{row},x" for row in range(100)]
    lines[10], lines[20] = "10", "20,x,y"
    table = read_table(("a,b\n" + "\n".join(lines)).encode(), "csv")
    assert table.rows == 98
    assert "10" not in table.columns["a"]
    assert [(row.row, row.line, row.cells, row.reason) for row in table.aside] == [
        (10, 12, ("10",), "expected 2 cells as in the header, got 1"),
        (20, 22, ("20", "x", "y"), "expected 2 cells as in the header, got 3"),
    ]


def test_rows_put_aside_are_kept_beside_the_upload_and_told_of() -> None:
    storage = MemoryStorage()
    table = read_table(("a,b\n1\n" + "1,2\n" * 60).encode(), "csv")
    told = keep(storage, "adult/up", table.remarks, table.aside)
    assert told == {"remarks": [], "rows_aside": 1, "aside": "adult/up.aside.csv"}
    blob = storage.get(RAW, "adult/up.aside.csv")
    assert blob is not None
    assert blob.data == b'line,reason,cells\n2,"expected 2 cells as in the header, got 1",1\n'


def test_table_without_odd_rows_leaves_nothing_behind() -> None:
    storage = MemoryStorage()
    assert keep(storage, "adult/up", (), ()) == {"remarks": [], "rows_aside": 0}
    assert list(storage.find(RAW)) == []


def test_more_than_one_ragged_row_of_twenty_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"got 1 \(line 2\)"):
        read_table(("a,b\n1\n2\n" + "1,2\n" * 20).encode(), "csv")


def test_commas_between_thousands_are_numbers_and_counted() -> None:
    table = read_table(b'pay,n\n"1,234.5",1\n"12,345,678",2\n980,3\n', "csv")
    assert kind_of("pay", table.columns["pay"], text=True).type == "number"
    assert table.remarks == ("2 cells of column 'pay' with commas between thousands, such as '1,234.5'",)


def test_decimal_commas_are_refused_by_column_and_row() -> None:
    table = read_table(b"a;pay\nx;2\ny;1,5\nx;1.234,25\n", "csv")
    with pytest.raises(
        InvalidInput, match=r"Column 'pay': expected numbers with a decimal point, got '1,5' in row 1"
    ):
        kind_of("pay", table.columns["pay"], text=True)
    assert kind_of("pay", table.columns["pay"], text=True, wanted="category").type == "category"


def test_text_with_commas_is_no_number() -> None:
    assert kind_of("place", ["Bonn, Rhein", "1,5", "Celle"] * 2, text=True).type == "category"


@pytest.mark.parametrize("others", [["31.1.2011", "28.2.2011"], ["1/31/2011", "2/28/2011"], ["31 Jan 2011"]])
def test_dates_written_in_several_ways_are_refused_by_example(others: list[str]) -> None:
    cells = [f"2011-03-{day:02}" for day in range(1, 29)] + others
    with pytest.raises(InvalidInput, match="expected dates written in one way, got '2011-03-01' and '"):
        kind_of("day", cells, text=True)


def test_one_date_among_words_makes_no_date_column() -> None:
    words = [f"word {number}" for number in range(60)] * 2
    assert kind_of("note", ["2011-03-01", *words], text=True).type == "category"


def test_generated_rows_survive_every_way_of_writing_them() -> None:
    rng = random.Random(3)
    letters = "ab ,;|\t'\"\n1.é"
    for _ in range(150):
        width = rng.randint(2, 4)
        rows = [["".join(rng.choices(letters, k=rng.randint(0, 5))) for _ in range(width)] for _ in range(30)]
        delimiter = rng.choice(",;\t|")
        encoding = rng.choice(["utf-8", "utf-16", "cp1252"])
        quoted = [[f"n{column}" for column in range(width)], *rows]
        lines = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in quoted)
        table = read_table("\r\n".join(lines).encode(encoding), "csv")
        assert [list(row) for row in zip(*table.columns.values(), strict=True)] == rows
