"""Bodies hurt byte by byte: cut, flipped, spliced, in another encoding."""

from __future__ import annotations

from random import Random

TOKENS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud83d", b"null", b"true", b"NaN", b"1e999",
    b"-", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\r", b"\n", b"\t", b'"age"',
    b'"job"', b'"a\\u0067e"', b'"instances"', b'"inputs"', b'"dataframe_split"', b'"columns"', b'"data"',
    b"age,job", b'""', b" ",
)  # fmt: skip


def hurt(body: bytes, rng: Random) -> bytes:
    """A body with one to three changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        body = _change(body, rng)
    return body


def _change(body: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(body) + 1)
    end = min(len(body), start + rng.choice((1, 1, 2, 8, 64)))
    before, within, after = body[:start], body[start:end], body[end:]
    kind = rng.randrange(9)
    if kind == 7:
        return b"\xef\xbb\xbf" + body
    if kind == 8:
        encoding = rng.choice(("utf-16", "utf-16-le", "utf-32", "cp1252", "utf-7"))
        return body.decode(errors="replace").encode(encoding, "replace")
    changed = (
        b"",
        after,
        rng.choice(TOKENS) + within + after,
        rng.choice(TOKENS) + after,
        within * rng.choice((2, 2, 3, 200)) + after,
        rng.randbytes(end - start) + after,
        bytes(byte ^ 1 << rng.randrange(8) for byte in within) + after,
    )
    return before + changed[kind]
