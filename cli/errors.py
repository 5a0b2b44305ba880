"""How a command can end badly, each with its exit code. `cli.main` prints the message and exits with the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EXIT_CODES = {
    0: "done",
    1: "the server or a run refused, or what was to be shown did not come true",
    2: "wrong use: an option, or a file that is not a table",
    3: "nothing answers at the address",
    130: "stopped with Ctrl-C",
}
"""What each exit code means, as `evergreen --help` prints it."""


class CommandError(Exception):
    """Root of the ways a command ends badly; the message is for the person who typed it."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing the server found wrong, as it sent it.

    Parameters
    ----------
    message
        The server's own sentence.
    row
        Zero-based row of the request, when one is to blame.
    column
        Name of the column, when one is to blame.
    expected, got, remedy
        The parts of the sentence, empty where the server sent none.
    """

    message: str
    row: int | None = None
    column: str | None = None
    expected: str = ""
    got: str = ""
    remedy: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Refusal:
        """Read one element of a problem answer's `problems`."""
        known = {name: data[name] for name in ("row", "column", "expected", "got", "remedy") if name in data}
        return cls(message=str(data.get("message") or data), **known)

    def at(self, place: str) -> str:
        """The sentence for a row of a file, named as `place`, instead of for a row of the request."""
        column = f", column '{self.column}'" if self.column is not None else ""
        return f"{place}{column}: expected {self.expected}, got {self.got}. {self.remedy}"


class Refused(CommandError):
    """The server answered that it will not do this.

    Parameters
    ----------
    status
        The HTTP status; 0 when a run, not a request, ended badly.
    problems
        Everything the server found wrong; where there are several, their sentences are the message.
    """

    def __init__(self, message: str, *, status: int = 0, problems: Sequence[Refusal] = ()) -> None:
        if len(problems) > 1:  # the server's message is its first problem: one list says it once
            lines = [f"  - {problem.message}" for problem in problems]
            message = "\n".join([f"Refused for {len(problems)} reasons:", *lines])
        super().__init__(message)
        self.status = status
        self.problems = tuple(problems)


class Misuse(CommandError):
    """What was typed, or the file that was named, cannot be used; nothing was sent because of it."""

    exit_code = 2


class NothingAnswers(CommandError):
    """No server answers at the address, or the connection broke off."""

    exit_code = 3


class Stopped(CommandError):
    """The person pressed Ctrl-C; the message says what goes on without the command."""

    exit_code = 130
