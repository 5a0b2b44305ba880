"""Bodies as they travel: plain or compressed, and never larger than the limit."""

from __future__ import annotations

import gzip
import zlib

import orjson
import pytest

from automl.scoring.service import INLINE_BYTES
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
