"""How a CSV file is written: packed or not, its encoding, what stands between cells and around them.

Found out from the bytes alone, by the reader of training tables and by the command line alike, so that a file which
was trained on is scored by the same reading of it. Standard library only.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

SAMPLE_BYTES = 256 * 1024
"""How much of a file's beginning is looked at for the delimiter, in bytes."""

SAMPLE_ROWS = 200

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a zstd file",
}
_MARKS = {  # the longer ones first: UTF-16's mark begins UTF-32's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "Windows-1252"}
_EXCEL = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)


class NotCsv(ValueError):
    """The bytes are no text, or something else than a table; the message names what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The way a file is written.

    Parameters
    ----------
    encoding
        As Python's codecs call it.
    delimiter, quote
        One character each.
    is_packed
        Whether the file is gzip.
    has_separator_line
        Whether its first line is Excel's `sep=;`, which is no row.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    is_packed: bool = False
    has_separator_line: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is unlike RFC 4180 in UTF-8, in words; empty for a plain file."""
        found = ["packed with gzip"] if self.is_packed else []
        if self.encoding != "utf-8":
            found.append(f"in {_NAMES.get(self.encoding, self.encoding.upper())}")
        if self.delimiter != ",":
            found.append(f"with {DELIMITERS.get(self.delimiter, repr(self.delimiter))} between cells")
        if self.quote != '"':
            found.append("with single quotes around cells")
        return tuple(found)


def recognise(file: BinaryIO) -> Dialect:
    """Find out how a file is written; it is read to its end once, for its encoding.

    Raises
    ------
    NotCsv
        It is empty, no text, or of a kind that is no CSV.
    """
    start = file.read(8)
    file.seek(0)
    if kind := next((name for magic, name in _FOREIGN.items() if start.startswith(magic)), None):
        raise NotCsv(kind)
    is_packed = start.startswith(_GZIP)
    plain: BinaryIO = gzip.GzipFile(fileobj=file) if is_packed else file  # type: ignore[assignment]  # it reads alike
    try:
        sample = plain.read(SAMPLE_BYTES)
        encoding = _encoding(sample, _chunks(plain))
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise NotCsv(f"a gzip file that is not whole ({error})") from error
    file.seek(0)
    text = sample.decode(encoding, errors="ignore")
    if len(sample) == SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    if not text.strip():
        raise NotCsv("an empty file")
    said = _EXCEL.match(text)
    body = text[said.end() :] if said else text
    quote = _quote(body)
    return Dialect(
        encoding=encoding,
        delimiter=said[1] if said else _delimiter(body, quote),
        quote=quote,
        is_packed=is_packed,
        has_separator_line=said is not None,
    )


def rows(file: BinaryIO, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file, the header among them, each with the number of its first line; blank lines are no rows.

    Raises
    ------
    csv.Error
        Quotes do not fit together; the message ends with the line.
    """
    text = text_of(file, dialect)
    reader = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    line = 1
    try:
        if dialect.has_separator_line:
            next(reader)
            line = reader.line_num + 1
        for cells in reader:
            start, line = line, reader.line_num + 1
            if cells:
                yield start, cells
    except csv.Error as error:
        raise csv.Error(f"{error} near line {reader.line_num}") from error
    finally:
        if not dialect.is_packed:
            text.detach()  # the file is the caller's, who closes it


def text_of(file: BinaryIO, dialect: Dialect) -> io.TextIOWrapper:
    """A file as text, line by line with their ends as they are."""
    plain: BinaryIO = gzip.GzipFile(fileobj=file) if dialect.is_packed else file  # type: ignore[assignment]
    return io.TextIOWrapper(plain, encoding=dialect.encoding, newline="")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(2**20):
        yield chunk


def _encoding(sample: bytes, rest: Iterable[bytes]) -> str:
    """UTF-8 where all bytes are, what the byte order mark says, else Windows-1252."""
    if mark := next((name for mark, name in _MARKS.items() if sample.startswith(mark)), None):
        return mark
    if b"\0" in sample:
        if guess := _unmarked(sample):
            return guess
        raise NotCsv("a binary file")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample)
        for chunk in rest:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _unmarked(sample: bytes) -> str | None:
    """UTF-16 without a mark: in text of mostly Latin letters every second byte is zero."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) / 4
    if odd > half and not even:
        return "utf-16-le"
    return "utf-16-be" if even > half and not odd else None


def _delimiter(text: str, quote: str) -> str:
    """The character that cuts the header into several cells and most rows into as many; a comma where none does."""
    best, found = (0.0, 0), ","
    for candidate in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=candidate, quotechar=quote)
        counts = [len(cells) for cells in islice(reader, SAMPLE_ROWS) if cells]
        if not counts or counts[0] < 2:
            continue
        alike = sum(count == counts[0] for count in counts) / len(counts)
        if (round(alike, 1), counts[0]) > best:
            best, found = (round(alike, 1), counts[0]), candidate
    return found


def _quote(text: str) -> str:
    """A single quote where cells of the first rows begin and end with one and none with a double quote."""
    lines = text.splitlines()[:20]
    cells = [cell.strip() for line in lines for cell in re.split(r"[,;\t|]", line)]
    single = sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)
    return "'" if single > len(lines) / 2 and not any('"' in cell for cell in cells) else '"'
