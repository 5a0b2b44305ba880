"""The fields that objects of the protocol have in common, each checked when it is read."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.forms import shown
from automl.scoring.body import kind

_MOST = 2**63 - 1


def objects(given: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    """A list of objects. Raises InvalidInput."""
    items = given.get(field)
    if not isinstance(items, list):
        raise bad(field, "a list of objects", kind(items), 'Send [{"name": ...}].')
    if other := [item for item in items if not isinstance(item, dict)]:
        raise bad(field, "a list of objects", f"{kind(other[0])} in it", 'Send [{"name": ...}].')
    return items


def name(given: Mapping[str, Any], field: str, *, taken: Container[str]) -> str:
    """The name of a tensor, which none of those before it has. Raises InvalidInput."""
    value = given.get("name")
    if not isinstance(value, str):
        raise bad(f"{field}.name", "text", kind(value), "Send the name of the tensor.")
    if value in taken:
        raise bad(f"{field}.name", "each tensor once", f"{shown(value)} again", "Send it once.")
    return value


def parameters(given: Mapping[str, Any], field: str) -> dict[str, Any]:
    """The parameters of a request or tensor; those nobody knows are left alone. Raises InvalidInput."""
    value = given.get("parameters") or {}
    if not isinstance(value, dict):
        raise bad(field, "an object", kind(value), "Send an object, or leave it out.")
    if "shared_memory_region" in value:
        remedy = "Send the data in the body."
        raise bad(f"{field}.shared_memory_region", "none", "one, and no memory is shared here", remedy)
    return value


def flag(given: Mapping[str, Any], key: str, field: str) -> bool | None:
    """A boolean among parameters, if it is there. Raises InvalidInput."""
    value = given.get(key)
    if not isinstance(value, bool | None):
        raise bad(f"{field}.{key}", "true or false", shown(value), "Send a boolean, or leave it out.")
    return value


def is_size(value: Any) -> bool:
    """Whether a value counts bytes or elements: a whole number from 0 that fits 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def bad(field: str, expected: str, got: str, remedy: str, row: int | None = None) -> InvalidInput:
    """What is wrong with one field."""
    return InvalidInput.of([Problem(field=field, expected=expected, got=got, remedy=remedy, row=row)])
