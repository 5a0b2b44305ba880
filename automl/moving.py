"""A small blob of the control container that is moved by If-Match, and whose lost answers are recognised."""

from __future__ import annotations

from automl.storage import CONTROL, Precondition, Storage


def move(storage: Storage, name: str, body: bytes, etag: str | None) -> str:
    """Write a blob where it is still as it was read, and return its new ETag.

    Parameters
    ----------
    etag
        What it was read with; None where there was no such blob.

    Raises
    ------
    Precondition
        Somebody else has moved it since. A write that was applied and whose answer was lost is none of that: the
        blob then holds what was written.
    """
    try:
        if etag is None:
            return storage.put(CONTROL, name, body, create=True)
        return storage.put(CONTROL, name, body, if_match=etag)
    except Precondition:
        there = storage.get(CONTROL, name)
        if there is None or there.data != body:
            raise
        return there.etag
