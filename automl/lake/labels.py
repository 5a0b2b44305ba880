"""Answers and truths as two columns that SQL can use, and that give back exactly the value that was logged.

| logged | `…` (string) | `…_number` (double) |
|---|---|---|
| `">50K"` | `>50K` | null |
| `1` | `1` | 1.0 |
| `true` | `true` | 1.0 |
| `0.25` | null | 0.25 |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Columns = tuple[list[str | None], list[float | None]]


def columns(logged: Sequence[Any]) -> Columns:
    """The two columns of some values.

    >>> columns(["a", 1, True, 0.25, None])
    (['a', '1', 'true', None, None], [None, 1.0, 1.0, 0.25, None])
    """
    if set(map(type, logged)) == {str}:
        return list(logged), [None] * len(logged)
    pairs = [_pair(value) for value in logged]
    return [text for text, _ in pairs], [number for _, number in pairs]


def arrays(logged: Any) -> tuple[Any, Any]:
    """The two columns of a `pyarrow.ChunkedArray` of values of one type."""
    import pyarrow as pa

    kind = logged.type
    if pa.types.is_string(kind):
        return logged, pa.nulls(len(logged), pa.float64())
    if pa.types.is_floating(kind):
        return pa.nulls(len(logged), pa.string()), logged
    whole = logged.cast(pa.int8()) if pa.types.is_boolean(kind) else logged
    return logged.cast(pa.string()), whole.cast(pa.float64(), safe=False)


def values(texts: Sequence[str | None], numbers: Sequence[float | None]) -> list[Any]:
    """The values that `columns` was given.

    >>> values(*columns(["1", 1, False, 0.25, None, "true"]))
    ['1', 1, False, 0.25, None, 'true']
    """
    return [_value(text, number) for text, number in zip(texts, numbers, strict=True)]


def _pair(value: Any) -> tuple[str | None, float | None]:
    if isinstance(value, bool):
        return ("true" if value else "false"), float(value)
    if isinstance(value, int):
        return str(value), float(value)
    if isinstance(value, float):
        return None, value
    return value, None


def _value(text: str | None, number: float | None) -> Any:
    if text is None or number is None:
        return number if text is None else text
    return text == "true" if text in ("true", "false") else int(text)
