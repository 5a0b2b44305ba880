"""Cells of the features that the fuzzed models have: right ones, and all kinds of wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.json_text import Raw

UNICODE = (
    "café",
    "cafe\u0301",
    "Ω",
    "\u212b",
    "ﬁ",
    "漢字",
    "\U0001f600",
    "e\u0301\u0323",
    "\u200b",
    "\ufeff",
    "\u2028",
)
"""Text that Unicode knows more than one way to write, or to misread."""

LONG = (100, 1_999, 2_000, 2_001, 9_000)
"""Lengths about the limit of a text, and about the one from which a body is read in a thread."""

JOBS = ("clerk", "baker", "7", "7.0", "", "unknown", " clerk", "Clerk", *UNICODE)
DATES = ("2026-11-20T16:00:00Z", "2026-11-20", "2026-11-20 16:00", "20261120T160000", "2026-W47-5", "1795190400", "")
MEMBERS = (True, False, None, "true", "No", "Y", " yes ", "0", 1, 0, "n/a", "")


def right(rng: Random) -> dict[str, Any]:
    """A row that every model but the strict one accepts."""
    age = rng.choice((rng.randrange(120), rng.uniform(-10, 200), None, 0, -0.0, 1e-300, 10**18, 2**63, 1.5e290))
    return {
        "age": age,
        "job": rng.choice((*JOBS, rng.randrange(10), 0.5, True, None)),
        "since": rng.choice((*DATES, rng.randrange(2**31), rng.uniform(0, 2e9), None)),
        "member": rng.choice(MEMBERS),
    }


def plain(rng: Random) -> dict[str, Any]:
    """A row that every model accepts, and that means the same as JSON and as CSV."""
    return {
        "age": rng.choice((rng.randrange(120), round(rng.uniform(0, 90), 3), None)),
        "job": rng.choice(("clerk", "baker", "7", "", None)),
        "since": rng.choice((*DATES[:4], None)),
        "member": rng.choice((True, False, None)),
    }


def wrong(rng: Random) -> tuple[str, Any, int | None]:
    """A column, a cell for it, and the status that a row with it has to be answered with, if that is certain."""
    column, values, status = rng.choice(_WRONG)
    return column, rng.choice(values), status


def odd(rng: Random) -> Any:
    """A value for which nobody can say beforehand whether it will do."""
    return rng.choice(_ODD)(rng)


def nested(depth: int, rng: Random) -> Raw:
    """Lists or objects within each other."""
    return Raw("[" * depth + "]" * depth if rng.randrange(2) else '{"a":' * depth + "1" + "}" * depth)


def _any_text(rng: Random) -> str:
    """Five characters from all of Unicode but the surrogates."""
    return "".join(chr(rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)))) for _ in range(5))


_TOKENS = (
    "NaN", "Infinity", "-Infinity", "nan", "1e400", "-1e400", "1e-400", "-0", "-0.0", "0e0", "1E5", "01", "+1", "1.",
    ".5", "0x10", "1_000", "True", "None", "undefined", "'text'", "", ",", "1 2", "/* */1", "1e308", "1" * 300,
    '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x41"', '"a\tb"', '"\\ud83d\\ude00"', "0." + "1" * 400,
)  # fmt: skip

_WRONG: tuple[tuple[str, tuple[Any, ...], int | None], ...] = (
    ("age", (True, False, "39", "forty", " ", "1e3", "NaN", [39], {"value": 39}), 400),
    ("age", (Raw("NaN"), Raw("-Infinity"), Raw("1e400"), Raw("1" * 400)), 400),
    ("job", ("a\0b", "\0", ["clerk"], {"a": 1}, Raw('"\\ud800"'), Raw('"\\udfffx"')), 400),
    ("since", ("soon", "2026-13-01", "2026-02-30", True, [], {}, "24:00", "2026-11-20T25:00"), 400),
    ("member", ("maybe", 2, -1, 0.5, "yess", [], {}), 400),
    ("age", (2**64, 10**30, -(2**70), 5e-324), None),
    ("age", (1.7976931348623157e308, -1.7e308, 1e307), None),
    ("job", ("x" * 2_001, "ü" * 5_000), 400),
    ("job", (2**64, 1e300, -0.0, "1e5", "x" * 1_999, "a\tb\nc\r", '"quoted"', "a,b"), None),
    ("since", (-1, 1e18, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e400", "١٢٣"), None),
    ("order_id", (7, 7.5, True, "k" * 3_000, [], {"a": 1}, "\0", None, "é"), None),
)

_INTEGERS = (2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**30, 10**308, 10**309, 10**400)
_OTHERS: tuple[Any, ...] = (
    [],
    {},
    [None],
    {"a": 1},
    [[]],
    "9999-12-31T23:59:59-23:59",
    "0001-01-01",
    "1,234.5",
)
_ODD: tuple[Callable[[Random], Any], ...] = (
    lambda rng: "x" * rng.choice(LONG),
    lambda rng: nested(rng.choice((1, 3, 60, 600, 990, 1030, 5_000)), rng),
    lambda rng: rng.choice(_INTEGERS),
    _any_text,
    lambda rng: Raw(rng.choice(_TOKENS)),
    lambda rng: rng.choice((*DATES, *JOBS, *MEMBERS)),
    lambda rng: rng.choice(_OTHERS),
)
