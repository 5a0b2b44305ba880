"""What a request is read with, what becomes of it, and the limits it must keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from automl import values
from automl.errors import InvalidInput, Problem, TooLarge
from automl.forms import shown
from automl.parsing import Parser
from automl.signature import Signature
from automl.tensors import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may hold; `Settings` documents each."""

    rows: int = 10_000
    columns: int = 4096
    text_chars: int = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the bodies of one model are read.

    Parameters
    ----------
    key
        The column that carries the business key, if the model has one.
    """

    parser: Parser
    key: str | None = None
    limits: Limits = Limits()

    @property
    def signature(self) -> Signature:
        """What the model takes."""
        return self.parser.signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows ready to be scored.

    Parameters
    ----------
    keys
        Business key of each row, None where it has none; absent when no row has one.
    """

    tensors: Tensors
    keys: Sequence[str | None] | None = None


def fitting(reading: Reading, body: bytes, rows: Rows) -> Rows:
    """The rows, once no text in them is too long (InvalidInput); a short body cannot hold a long one."""
    most = reading.limits.text_chars
    if len(body) > most:
        expected, remedy = f"text of at most {most} characters", "Send less text."
        refuse(
            Problem(column=feature.name, row=row, expected=expected, got=f"{len(text)} characters", remedy=remedy)
            for feature, column in zip(reading.signature.categories, rows.tensors.cat.T, strict=True)
            for row, text in enumerate(column)
            if len(text) > most
        )
    return rows


def check_count(reading: Reading, rows: int) -> None:
    """Refuse rows that are none (InvalidInput) or too many (TooLarge), before they are made."""
    if rows == 0:
        remedy = "Send at least one row."
        raise InvalidInput.of([Problem(field="body", expected="at least one row", got="none", remedy=remedy)])
    if rows > reading.limits.rows:
        remedy = "Send them in several requests."
        raise TooLarge(f"Expected at most {reading.limits.rows} rows in one request, got {rows}. {remedy}")


def check_columns(reading: Reading, columns: int) -> None:
    """Raise TooLarge for more columns than a row may have."""
    most = max(reading.limits.columns, 2 * len(reading.signature.features))  # a wide model must stay usable
    if columns > most:
        raise TooLarge(f"Expected at most {most} columns in a row, got {columns}. Send the model's columns alone.")


def keys_of(reading: Reading, column: str, raw: Sequence[Any]) -> list[str | None]:
    """The business keys in a column of raw values. Raises InvalidInput."""
    keys: list[str | None] = []
    problems: list[Problem] = []
    remedy = "Send the business key as text or a number, or null."
    for row, value in enumerate(raw):
        try:
            keys.append(_key(value, reading.limits.text_chars))
        except ValueError as error:
            got = shown(value)
            problems.append(Problem(column=column, expected=str(error), got=got, row=row, remedy=remedy))
    refuse(problems)
    return keys


def _key(value: Any, most_chars: int) -> str | None:
    text = values.category(value)
    if len(text) > most_chars:
        raise ValueError(f"text of at most {most_chars} characters")
    return None if text == values.MISSING else text


def refuse(problems: Iterable[Problem]) -> None:
    """Raise InvalidInput for problems, if there are any."""
    found = list(problems)
    if found:
        raise InvalidInput.of(found)
