"""Bodies as they travel: plain or compressed, and never larger than the limit."""

from __future__ import annotations

import gzip
import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput, TooLarge
from automl.scoring.service import INLINE_BYTES
from functions.bodies import Body
from tests.functions.conftest import Client
from tests.support.models import ROW

PLAIN = orjson.dumps({"dataframe_records": [ROW]})
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PLAIN)),
        ("x-gzip", gzip.compress(PLAIN)),
        (" GZIP ", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
        ("identity", PLAIN),
    ],
)
@pytest.mark.parametrize("function", ["score", "truth"])
async def test_a_compressed_body_is_read_as_a_plain_one(
    adult: Client, function: str, encoding: str, packed: bytes
) -> None:
    answer = await adult(function, packed, headers=JSON | {"content-encoding": encoding})
    plain = await adult(function, PLAIN, headers=JSON)
    assert answer.status == plain.status
    if function == "score":
        assert answer.json["predictions"] == plain.json["predictions"]


@pytest.mark.parametrize(
    ("packed", "got"),
    [
        (PLAIN, "incorrect header check"),
        (b"", "an end too early"),
        (gzip.compress(PLAIN)[:-1], "an end too early"),
        (gzip.compress(PLAIN) + b"more", "bytes after its end"),
        (gzip.compress(PLAIN)[:-8] + b"\0" * 8, "incorrect data check"),
    ],
)
async def test_a_body_that_is_not_what_its_encoding_says_is_refused(adult: Client, packed: bytes, got: str) -> None:
    answer = await adult("score", packed, headers=JSON | {"content-encoding": "gzip"})
    assert answer.status == 400
    assert answer.json["problems"][0]["expected"] == "gzip data"
    assert got in answer.json["problems"][0]["got"]


async def test_a_body_that_grows_past_the_limit_is_too_large_however_small_it_came(adult: Client) -> None:
    limit = adult.serving.core.settings.max_body_bytes
    bomb = gzip.compress(b" " * (limit + 1))
    assert len(bomb) < limit / 100
    answer = await adult("score", bomb, headers=JSON | {"content-encoding": "gzip"})
    assert answer.status == 413
    assert "unpacks to at most" in answer.json["detail"]
    most = gzip.compress(PLAIN + b" " * (limit - len(PLAIN)))
    assert (await adult("score", most, headers=JSON | {"content-encoding": "gzip"})).status == 200
    assert (await adult("score", b" " * (limit + 1), headers=JSON)).status == 413


async def test_a_long_body_is_scored_in_a_thread_and_answered_alike(adult: Client) -> None:
    body = PLAIN + b" " * INLINE_BYTES
    assert (await adult("score", body, headers=JSON)).json["predictions"] == ["<=50K"]


WRAPPERS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def packed(plain: bytes, encoding: str, level: int = 6) -> bytes:
    packing = zlib.compressobj(level, zlib.DEFLATED, WRAPPERS[encoding])
    return packing.compress(plain) + packing.flush()


@given(
    plain=st.binary(max_size=300) | st.integers(0, 5_000).map(bytes),
    encoding=st.sampled_from(sorted(WRAPPERS)),
    level=st.integers(0, 9),
    limit=st.integers(0, 6_000),
)
def test_what_was_packed_is_unpacked_or_too_large(plain: bytes, encoding: str, level: int, limit: int) -> None:
    body = Body(raw=packed(plain, encoding, level), encoding=encoding, limit=limit)
    if len(plain) <= limit:
        assert body.read() == plain
    else:
        with pytest.raises(TooLarge):
            body.read()


@given(
    plain=st.binary(max_size=60),
    encoding=st.sampled_from(sorted(WRAPPERS)),
    place=st.integers(0, 80),
    change=st.sampled_from(["cut", "flip", "add"]),
    other=st.binary(min_size=1, max_size=4),
)
def test_a_hurt_body_is_refused_or_means_what_zlib_says(
    plain: bytes, encoding: str, place: int, change: str, other: bytes
) -> None:
    raw = packed(plain, encoding)
    place %= len(raw)
    raw = {
        "cut": raw[:place],
        "flip": raw[:place] + bytes([raw[place] ^ other[0]]) + raw[place + 1 :],
        "add": raw + other,
    }[change]
    body = Body(raw=raw, encoding=encoding, limit=100)
    try:
        read = body.read()
    except (InvalidInput, TooLarge):
        assert change != "flip" or other[0] != 0
    else:
        assert change == "flip"
        assert read == zlib.decompress(raw, WRAPPERS[encoding])
