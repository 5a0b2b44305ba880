"""How a body travels: for which model, as what, packed or not, whole or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from random import Random

MODELS = ("adult", "pay", "strict", "loose")
"""Models that answer: a classifier, a regression, one that refuses unknown categories, one that ignores columns."""

UNREACHED = ("nobody", "untrained", "down", "../x", "", "ü", "x" * 200)
"""Models that do not answer, for each reason there is."""

JSON_TYPES = ("application/json", "application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"', None)
CSV_TYPES = ("text/csv", "text/csv; charset=utf-8", " Text/CSV ")
OTHER_TYPES = ("text/plain", "", "application/json; charset=latin-1", "text/csv; charset=utf-16", "x" * 5_000, "json")
TYPES = (*JSON_TYPES, *CSV_TYPES, *OTHER_TYPES)

PACKING: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "x-gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "deflate": lambda body: zlib.compress(body, 1),
}
OTHER_ENCODINGS = ("br", "gzip, gzip", "zstd", "", "x" * 5_000, "compress")


def headers(kind: str | None, encoding: str | None = None) -> dict[str, str]:
    """The headers of a content type and an encoding, none for None."""
    given = {"content-type": kind, "content-encoding": encoding}
    return {name: value for name, value in given.items() if value is not None}


def broken(packed: bytes, rng: Random) -> bytes:
    """A packed body that cannot be unpacked, or not to what it was."""
    place = rng.randrange(len(packed))
    return rng.choice(
        (
            packed[:place],
            packed + rng.randbytes(3),
            packed + packed,
            packed[:place] + bytes([packed[place] ^ 1 << rng.randrange(8)]) + packed[place + 1 :],
            packed[:10],
            b"",
        )
    )


def bomb(rng: Random, limit: int) -> bytes:
    """Bytes that are few when packed and more than the limit when not."""
    return rng.choice((b" ", b"[", b'{"a":', b"0,")) * rng.choice((limit + 1, limit * 10))
