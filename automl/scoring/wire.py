"""Protobuf's wire format, read strictly: a message as its fields, every length checked, nothing built.

The format is at https://protobuf.dev/programming-guides/encoding/. Nothing here recurses; whoever reads a message
within a message decides how deep it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types. Groups (3 and 4) are refused: no message of ONNX has one."""

MAX_TEXTS = 10_000_000
"""In one list: the categories of 200 columns with as many as prep keeps (50,000). Reading them takes 2 s."""

_FIXED = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10
_FIRST_WINDOW, _WINDOW = 1 << 8, 1 << 20
_NOTHING = memoryview(b"")


class Malformed(ValueError):
    """The bytes are no message; the text says what is wrong and where."""


class Field(NamedTuple):
    """One field: `whole` is the number of a VARINT, `content` the bytes of the others."""

    number: int
    kind: int
    whole: int
    content: memoryview


def fields(message: memoryview, unread: frozenset[int] = frozenset()) -> Iterator[Field]:
    """The fields of a message, in their order.

    Parameters
    ----------
    unread
        Numbers of fields that nobody reads: of neighbours with the same number only the first is given. A tree
        ensemble has hundreds of thousands of numbers, a lookup as many texts: one by one they would take seconds.

    Raises
    ------
    Malformed
        At the first byte that is no field.
    """
    position = 0
    while position < len(message):
        begin = position
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            whole, position = _varint(message, position)
            if number in unread and tag < 0x80:
                position = _end_of_numbers(message, position, tag)
            yield Field(number, kind, whole, _NOTHING)
        elif kind == BYTES or kind in _FIXED:
            size, position = (_FIXED[kind], position) if kind in _FIXED else _varint(message, position)
            if size > len(message) - position:
                left = len(message) - position
                raise Malformed(f"field {number} at byte {begin} claims {size} bytes where {left} are left")
            content = message[position : position + size]
            position += size
            if number in unread and tag < 0x80 and kind == BYTES:
                position = _end_of_texts(message, position, tag)
            yield Field(number, kind, 0, content)
        else:
            raise Malformed(f"field {number} at byte {begin} has the wire type {kind}")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A whole number in 7 bits a byte, lowest first, and where it ends."""
    if position < len(message) and (only := message[position]) < 0x80:
        return only, position + 1  # nearly all are one byte
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if value >> 64:
                raise Malformed(f"the number at byte {position} has more than 64 bits")
            return value, position + index + 1
    raise Malformed(f"the number at byte {position} has no end")


def _end_of_texts(message: memoryview, position: int, tag: int) -> int:
    """Where BYTES fields end that begin at `position` and all have this one-byte tag."""
    end, count = len(message), 0
    while position + 1 < end and message[position] == tag:
        count += 1
        if count > MAX_TEXTS:
            raise Malformed(f"more than {MAX_TEXTS} texts follow one another")
        size, start = message[position + 1], position + 2
        if size >= 0x80:
            size, start = _varint(message, position + 1)
        if size > end - start:
            return position  # read one by one, the next field says what is wrong with it
        position = start + size
    return position


def _end_of_numbers(message: memoryview, position: int, tag: int) -> int:
    """Where VARINT fields end that begin at `position` and all have this one-byte tag."""
    size = (
        _FIRST_WINDOW  # grows with the run: where a file has many short ones, looking far ahead would take for ever
    )
    while position < len(message) and message[position] == tag:
        window = np.frombuffer(message[position : position + size], dtype=np.uint8)
        size = min(4 * size, _WINDOW)
        # Bytes below 0x80 end a number: in a run, by turns a tag and the last byte of a value.
        ends = np.flatnonzero(window < 0x80)
        lasts = ends[1::2]
        tags = ends[0::2][: len(lasts)]
        begins = np.concatenate([[0], lasts[:-1] + 1])[: len(lasts)]
        fits = (tags == begins) & (window[tags] == tag) & (lasts - tags <= _LONGEST_VARINT)
        count = len(fits) if fits.all() else int(fits.argmin())
        if count == 0:
            return position  # read one by one, the next field says what is wrong with it
        position += int(lasts[count - 1]) + 1
        if count < len(fits):
            return position
    return position
