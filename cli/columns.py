"""Rows of text in aligned columns, each line whole, so that it can be searched and copied."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row; every column but the last as wide as its widest cell.

    >>> aligned([("a", "first"), ("bcd", "second")])
    ['a    first', 'bcd  second']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]


def moment(text: str) -> str:
    """An ISO 8601 moment to the second.

    >>> moment("2026-11-20T16:00:00.123Z")
    '2026-11-20 16:00:00 UTC'
    """
    return f"{text[:10]} {text[11:19]} UTC"
