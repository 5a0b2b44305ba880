"""CSV bodies against the standard library's csv module."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput
from automl.scoring.table import read_csv

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=6) | st.sampled_from(
    ['"', ",", "\r\n", "\n", "\r", 'a"b', "a,b", " ", "\0"]
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    header = draw(st.lists(cells, min_size=width, max_size=width, unique=True))
    return [header, *draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=5))]


@given(table=tables(), end=st.sampled_from(["\r\n", "\n", "\r"]), is_airy=st.booleans(), is_marked=st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(
    table: list[list[str]], end: str, *, is_airy: bool, is_marked: bool
) -> None:
    text = io.StringIO(newline="")
    # Of the line ends a writer quotes those alone that it writes itself.
    is_minimal = is_airy and end == "\r\n"
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_MINIMAL if is_minimal else csv.QUOTE_ALL)
    writer.writerows(table)
    body = text.getvalue().encode("utf-8-sig" if is_marked else "utf-8")
    header, *rows = table
    assert read_csv(body) == {name: [row[place] for row in rows] for place, name in enumerate(header)}


@given(body=st.binary(max_size=40) | st.text(st.sampled_from('ab,"\n\r 1'), max_size=30).map(str.encode))
def test_a_body_is_a_table_just_where_the_csv_module_reads_rows_of_one_width(body: bytes) -> None:
    try:
        text = body.decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        rows = []
    is_table = bool(rows) and len(set(rows[0])) == len(rows[0]) and {len(row) for row in rows} == {len(rows[0])}
    if is_table:
        header, *data = rows
        assert read_csv(body) == dict(
            zip(header, map(list, zip(*data, strict=True)) if data else [[]] * len(header), strict=True)
        )
    else:
        with pytest.raises(InvalidInput):
            read_csv(body)
