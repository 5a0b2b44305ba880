"""`python -m infra.release v1.2.3` prints what CHANGELOG.md says of that version."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


class NoNotes(Exception):
    """The changelog says nothing of the version."""


def notes(changelog: str, tag: str) -> str:
    """The section of a version, without its heading.

    Raises
    ------
    NoNotes
        When there is no such section, or it is empty.

    >>> notes("## [1.2.0] - 2026-11-20\\n\\n- New.\\n\\n## [1.1.0]\\n- Old.\\n", "v1.2.0")
    '- New.'
    """
    version = re.escape(tag.removeprefix("v"))
    found = re.search(rf"^## \[{version}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise NoNotes(f"Expected a section [{tag.removeprefix('v')}] in CHANGELOG.md, got none. Write it, then tag.")
    return found[1].strip()


def main() -> int:
    """Print the notes; the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m infra.release TAG\n")
        return 2
    try:
        sys.stdout.write(notes(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]) + "\n")
    except NoNotes as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
