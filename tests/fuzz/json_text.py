"""JSON texts in all the ways they can be written, and in some in which they cannot."""

from __future__ import annotations

import json
from random import Random
from typing import Any


class Raw(str):
    """Text that is put in as it is, JSON or not."""

    __slots__ = ()


class Pairs(tuple[tuple[str, Any], ...]):
    """An object whose keys need not differ."""

    __slots__ = ()


def write(value: Any, rng: Random) -> str:
    """A JSON text of a value: dense or airy, its strings escaped or not."""
    style = rng.randrange(8)
    if style < 5 and not _is_special(value):
        return json.dumps(value, ensure_ascii=style == 0, separators=(",", ":") if style < 3 else None)
    return _write(value, rng)


def _is_special(value: Any) -> bool:
    if isinstance(value, Raw | Pairs):
        return True
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return any(_is_special(inner) for inner in value)


def _write(value: Any, rng: Random) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, Pairs | dict):
        pairs = value.items() if isinstance(value, dict) else value
        inner = [f"{string(name, rng)}{_air(rng)}:{_air(rng)}{_write(one, rng)}" for name, one in pairs]
        return f"{{{_air(rng)}{','.join(inner)}{_air(rng)}}}"
    if isinstance(value, list):
        return f"[{','.join(_air(rng) + _write(one, rng) for one in value)}{_air(rng)}]"
    return string(value, rng) if isinstance(value, str) else json.dumps(value)


def string(text: str, rng: Random) -> str:
    """A JSON string, some of whose characters are escapes for no need."""
    if rng.randrange(4) or len(text) > 100:
        return json.dumps(text, ensure_ascii=bool(rng.randrange(2)))
    characters = (
        f"\\u{ord(one):04x}" if ord(one) < 0x10000 and rng.randrange(3) == 0 else json.dumps(one)[1:-1]
        for one in text
    )
    return f'"{"".join(characters)}"'


def _air(rng: Random) -> str:
    return rng.choice(("", "", "", " ", "\n", "\t ", "\r\n"))
