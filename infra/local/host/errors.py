"""Why this host does not run an app."""

from __future__ import annotations

from collections.abc import Sequence


class Refused(Exception):
    """The app or its configuration asks for something this host does not do, or asks for it wrongly.

    Parameters
    ----------
    problems
        One sentence each: where, what was expected, what came, what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
