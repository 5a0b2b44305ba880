"""Everything that can go wrong, as one small family of exceptions.

Messages say what was expected, what came and what to do. A class exists only where a caller acts differently;
`functions.http` maps each to one status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MAX_PROBLEMS = 100
"""How many problems one error lists; the rest are counted."""


class EvergreenError(Exception):
    """Root of every error this project raises on purpose."""

    code = "internal_error"

    @property
    def message(self) -> str:
        """The sentence meant for the person who called."""
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with one field of an input.

    Parameters
    ----------
    expected, got, remedy
        What was wanted, what came, and what to do about it.
    column
        Name of the table's column, when one is to blame.
    field
        Name of the field of a request, spec or setting, when one is to blame.
    row
        Zero-based row of the input, when one is to blame.
    """

    expected: str
    got: str
    remedy: str
    column: str | None = None
    field: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        where = f"Column '{self.column}': " if self.column is not None else ""
        where = f"Field '{self.field}': " if self.field is not None else where
        at = f" in row {self.row}" if self.row is not None else ""
        text = f"{where}expected {self.expected}, got {self.got}{at}. {self.remedy}"
        return text[0].upper() + text[1:]

    def to_json(self) -> dict[str, Any]:
        """The same as a JSON object, with its sentence under `message`."""
        return {key: value for key, value in asdict(self).items() if value is not None} | {"message": str(self)}


class InvalidInput(EvergreenError):
    """The caller sent something that cannot be used; every problem found is listed."""

    code = "invalid_input"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Sequence[Problem], *, more: int = 0) -> InvalidInput:
        """One error out of many problems: its message is the first and how many follow, `MAX_PROBLEMS` are listed.

        Parameters
        ----------
        more
            How many there are beside those given.
        """
        rest = len(problems) - 1 + more
        tail = f" (and {rest} more)" if rest else ""
        return cls(f"{problems[0]}{tail}", problems[:MAX_PROBLEMS])


class TooLarge(EvergreenError):
    """The request is larger than a documented limit."""

    code = "too_large"


class NotFound(EvergreenError):
    """There is no such model, version, run or upload."""

    code = "not_found"


class Conflict(EvergreenError):
    """Somebody else moved the same thing first; nothing was changed."""

    code = "conflict"


class Unavailable(EvergreenError):
    """What is asked for may work later: storage is down, or no version has been trained yet."""

    code = "unavailable"
    retry_after_s = 5


class Rejected(EvergreenError):
    """A training run came to a sound end without a usable model; the reason is the message."""

    code = "rejected"
