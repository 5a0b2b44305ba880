"""An uploaded file as a table: the only way in for CSV and Parquet, where everything wrong with them is said."""

from __future__ import annotations

from automl.training.csv_table import read_csv
from automl.training.parquet_table import read_parquet
from automl.training.table import Table, invalid


def read_table(data: bytes, format: str) -> Table:  # noqa: A002  (the word of the HTTP API)
    """Read an upload.

    Parameters
    ----------
    data
        The whole file.
    format
        `csv` (a header, then rows; delimiter, quotes and encoding are recognised, gzip is unpacked) or `parquet`.

    Raises
    ------
    InvalidInput
        When the file is not of that format, has no rows, or its columns cannot be told apart.
    """
    if format not in ("csv", "parquet"):
        raise invalid("the format csv or parquet", repr(format), "Upload the table in one of these.")
    if not data.strip():
        raise invalid("a table with a header and rows", "an empty file", "Upload the file again.")
    return read_csv(data) if format == "csv" else read_parquet(data)
