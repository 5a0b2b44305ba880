"""A request body as JSON, with one clear message for everything that is not JSON.

Of duplicate keys in one object the last counts, as for Python's own reader and orjson's.
"""

from __future__ import annotations

from typing import Any

import orjson

from automl.errors import InvalidInput, Problem

_TOKENS = ("NaN", "nan", "Infinity", "inf")


def loads(body: bytes) -> Any:
    """The JSON value of a body.

    Raises
    ------
    InvalidInput
        Saying where and why the body is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _explained(body, error) from error


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises InvalidInput."""
    value = loads(body)
    if not isinstance(value, dict):
        raise InvalidInput.of(
            [Problem(field="body", expected="a JSON object", got=kind(value), remedy="Send {...}.")]
        )
    return value


def kind(value: Any) -> str:
    """What a JSON value is, in words.

    >>> kind(True), kind(None), kind([1])
    ('a boolean', 'null', 'a list')
    """
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _explained(body: bytes, error: orjson.JSONDecodeError) -> InvalidInput:
    if not body.strip():
        return _problem("a JSON body", "an empty one", 'Send a JSON object such as {"dataframe_records": [{...}]}.')
    place = f"at line {error.lineno}, column {error.colno}"
    rest = body.decode(errors="replace")[error.pos : error.pos + 10]
    token = next((token for token in _TOKENS if rest.startswith(token)), None)
    if token is not None:
        return _problem("JSON", f"{token} {place}", "JSON has no NaN and no Infinity; send null.")
    for sign, expected, got, remedy in _REASONS:
        if sign in error.msg:
            return _problem(expected, f"{got} {place}", remedy)
    reason = error.msg.partition(": line ")[0]
    return _problem("JSON", f"something else {place} ({reason})", "Check the body with a JSON validator.")


_REASONS = (
    ("infinity when parsed", "a number that fits a float64", "a larger one", "Send null, or a smaller number."),
    ("depth limit", "JSON at most 1024 levels deep", "a deeper one", "Send plain rows."),
    ("(BOM)", "JSON in UTF-8", "a byte order mark", "Send the body without it."),
    ("UTF-8", "JSON in UTF-8", "bytes that are not UTF-8", "Encode the body as UTF-8."),
    ("surrogate", "text that UTF-8 can hold", "half a surrogate pair", "Send the whole character."),
)
"""What orjson's message contains, and what it means to the caller. The first that fits counts."""


def _problem(expected: str, got: str, remedy: str) -> InvalidInput:
    return InvalidInput.of([Problem(field="body", expected=expected, got=got, remedy=remedy)])
