"""Measured tables in the documents: each stands between two comments, written by the command that measured it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def put(name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- end -->` on the page of exports.

    Raises
    ------
    ValueError
        When the page has no such place.
    """
    page, count = re.subn(
        rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{text}{found[2]}",
        PAGE.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"Expected one place named '{name}' in {PAGE.name}, got {count}. Add the two comments.")
    PAGE.write_text(page, encoding="utf-8")
