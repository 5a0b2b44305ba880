"""Request bodies: unpacked when they came compressed, and never longer than a limit."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass

import azure.functions as func

from automl.errors import EvergreenError, InvalidInput, Problem, TooLarge
from functions.headers import header

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""The `wbits` by which zlib tells the wrappers of RFC 1952 and RFC 1950 apart."""


class UnsupportedMedia(EvergreenError):
    """The body is of a type or encoding that this route does not read."""

    code = "unsupported_media_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as it came.

    Parameters
    ----------
    encoding
        `identity`, or one of those that are unpacked: gzip, x-gzip and deflate.
    limit
        Most bytes, before and after unpacking.
    """

    raw: bytes
    encoding: str
    limit: int

    @classmethod
    def of(cls, req: func.HttpRequest, limit: int) -> Body:
        """The body of a request. Raises TooLarge, UnsupportedMedia."""
        given = header(req, "content-encoding")
        encoding = "identity" if given is None else given.strip().lower()
        if encoding != "identity" and encoding not in _WINDOWS:
            expected = "a body that is plain or compressed by gzip or deflate"
            raise UnsupportedMedia(f"Expected {expected}, got {encoding[:40]!r}. Send it in one of these ways.")
        raw = req.get_body()
        if len(raw) > limit:
            raise TooLarge(f"Expected a body of at most {limit} bytes, got {len(raw)}. Send less at a time.")
        return cls(raw=raw, encoding=encoding, limit=limit)

    async def unpacked(self) -> bytes:
        """As `read`, for a handler on the event loop, which must not wait for it."""
        return self.raw if self.encoding == "identity" else await asyncio.to_thread(self.read)

    def read(self) -> bytes:
        """The body, unpacked. Raises InvalidInput, TooLarge."""
        if self.encoding == "identity":
            return self.raw
        unpacking = zlib.decompressobj(_WINDOWS[self.encoding])
        try:
            plain = unpacking.decompress(self.raw, self.limit + 1)
        except zlib.error as error:
            raise self._not_packed(str(error)) from error
        if len(plain) > self.limit:
            raise TooLarge(
                f"Expected a body that unpacks to at most {self.limit} bytes, got more. Send less at a time."
            )
        if not unpacking.eof or unpacking.unused_data:
            raise self._not_packed("an end too early" if not unpacking.eof else "bytes after its end")
        return plain

    def _not_packed(self, got: str) -> InvalidInput:
        remedy = "Compress the whole body once, or send it plain."
        return InvalidInput.of([Problem(field="body", expected=f"{self.encoding} data", got=got, remedy=remedy)])
