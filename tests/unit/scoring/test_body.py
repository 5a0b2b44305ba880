"""JSON bodies against the standard library's reader, made strict."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automl.errors import InvalidInput
from automl.scoring.body import loads


def strictly(body: bytes) -> Any:
    """As RFC 8259 reads a body, without what it leaves open: a key twice, halves of surrogate pairs, infinity."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def finite(text: str) -> float:
        if math.isinf(number := float(text)):
            raise ValueError("infinite")
        return number

    def whole(text: str) -> float:
        number = int(text)
        return number if -(2**63) <= number < 2**64 else finite(text)

    def constant(name: str) -> None:
        raise ValueError(name)

    value = json.loads(
        body.decode(), object_pairs_hook=once, parse_float=finite, parse_int=whole, parse_constant=constant
    )
    json.dumps(value, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
    return value


def same(one: Any, other: Any) -> bool:
    """Equal, and of equal types: 1, 1.0 and true are three values."""
    return repr(one) == repr(other)


def outcome(read: Any, body: bytes) -> Any:
    try:
        return "read", read(body)
    except (InvalidInput, ValueError):
        return "refused", None


TOKENS = [
    *'{}[],:"\\', *"{}[],:", " ", "\t", "\n", '"a"', '"a"', '"\\u0061"', '"b"', '"a:"', '"\\""', "0", "-0", "1",
    "01", "1.5", "1e5", "1e400", "-1e999", "1" * 400, str(2**64), str(-(2**63)), "NaN", "Infinity",
    "-Infinity", "null", "true", "fals", '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude00"', '"\\u0000"',
    '"\0"', '"é"', '"e\u0301"', "\ufeff", "//", "'", '"a":1', '{"a":', '[{"a":1}',
]  # fmt: skip

keys = st.sampled_from(['"a"', '"\\u0061"', '"b"', '"a\\"b"', '":"', '"é"', '"\\ud800"', '""'])
scalars = st.sampled_from(
    [token for token in TOKENS if token[0] in '"-0123456789nt' and len(token) > 1]
) | st.integers(-(2**70), 2**70).map(str)


def as_list(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def as_object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{key} :{value}" for key, value in pairs) + "}"


texts = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(as_list) | st.lists(st.tuples(keys, inner), max_size=4).map(as_object)
    ),
    max_leaves=15,
)


@given(st.one_of(texts, st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)).map(str.encode) | st.binary())
@example(b'{"a":[{"b":1,"b":2}]}')
@example(b'{"a":{"b":"x\\":"},"c":[":"]}')
@example(b'[{"a":1},{"a":1}]')
@example(b"\xed\xa0\x80")
@example(b"1" * 309)
def test_a_body_is_read_as_the_standard_library_reads_it_and_refused_where_that_is_not_strict(body: bytes) -> None:
    assert same(outcome(loads, body), outcome(strictly, body))


@given(pairs=st.lists(st.tuples(keys, scalars), max_size=5))
def test_a_key_that_comes_twice_is_named_however_it_is_spelt(pairs: list[tuple[str, str]]) -> None:
    names = [json.loads(key) for key, _ in pairs]
    text = as_object([(key, "1") for key, _ in pairs])
    if "\\ud800" in text:
        return
    if len(set(names)) == len(names):
        assert loads(text.encode()) == dict.fromkeys(names, 1)
    else:
        with pytest.raises(InvalidInput, match=r"expected each key once, got .* twice in one object"):
            loads(text.encode())
