"""The datatypes of tensors, and their elements, in JSON or in bytes, as the plain values that a parser of rows takes.

Bytes are little-endian, row by row, without padding; an element of `BYTES` is its length in 4 bytes, then itself
(github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import InvalidInput, Problem
from automl.forms import shown
from automl.scoring.body import kind

_LENGTH = struct.Struct("<I")

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    **{f"INT{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    "BF16": np.dtype("<u2"),  # the upper half of an FP32; numpy has no such type
}

DATATYPES = (*_DTYPES, "BYTES")
"""Those of the protocol, and BF16, which Triton adds."""


def size_of(datatype: str) -> int | None:
    """Bytes of one element; None for `BYTES`, where each has a length of its own."""
    return None if datatype == "BYTES" else _DTYPES[datatype].itemsize


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Where elements come from, to tell what is wrong with one.

    Parameters
    ----------
    field
        What a message calls their tensor.
    datatype
        One of `DATATYPES`.
    width
        How many make a row.
    """

    field: str
    datatype: str
    width: int = 1

    def from_bytes(self, count: int, data: memoryview) -> list[Any]:
        """The `count` elements in binary. Raises InvalidInput.

        Those of a fixed size must take all of `data`; whoever cut it out of the body has seen to that.
        """
        if self.datatype == "BYTES":
            return self._texts(count, data)
        raw = np.frombuffer(data, dtype=_DTYPES[self.datatype], count=count)
        if self.datatype == "BF16":
            return _plain((raw.astype(np.uint32) << 16).view(np.float32))
        if self.datatype == "BOOL":
            if (other := raw > 1).any():
                at = int(other.argmax())
                raise self._bad(at, "a byte that is 0 or 1", str(raw[at]), "Send 1 for true and 0 for false.")
            return _plain(raw.astype(np.bool_))
        return _plain(raw)

    def from_json(self, elements: list[Any]) -> list[Any]:
        """The elements in JSON, each one that the datatype can hold; null is a missing value. Raises InvalidInput.

        >>> Elements(field="inputs.age", datatype="FP32").from_json([0.5, None])
        [0.5, nan]
        """
        family = self.datatype.rstrip("0123456789").removeprefix("U")
        kinds, expected, remedy = _IN_JSON[family]
        if not kinds.issuperset(map(type, elements)):
            at = next(at for at, element in enumerate(elements) if type(element) not in kinds)
            raise self._bad(at, expected, _got(elements[at]), remedy)
        if family == "INT":
            return self._ranged(elements)
        return self._rounded(elements) if self.datatype in ("FP16", "FP32") else elements

    def _texts(self, count: int, data: memoryview) -> list[str]:
        raw, texts, at = data.tobytes(), [], 0
        for index in range(count):
            start = at + _LENGTH.size
            end = start + int.from_bytes(raw[at:start], "little")
            if start > len(raw) or end > len(raw):
                raise self._bad(index, f"{count} elements", f"{len(raw)} bytes, which end within one", _LAYOUT)
            try:
                texts.append(raw[start:end].decode())
            except UnicodeDecodeError:
                raise self._bad(index, "text in UTF-8", "other bytes", "Encode the text as UTF-8.") from None
            at = end
        if at != len(raw):
            raise self._bad(None, f"{count} elements", f"{len(raw) - at} bytes after them", _LAYOUT)
        return texts

    def _rounded(self, elements: list[Any]) -> list[Any]:
        """Numbers as a float of fewer bits has them, so that JSON and binary mean the same."""
        wide = np.array([math.nan if element is None else element for element in elements], dtype=np.float64)
        with np.errstate(over="ignore"):
            narrow = wide.astype(_DTYPES[self.datatype])
        if (beyond := np.isinf(narrow)).any():
            at = int(beyond.argmax())
            remedy = "Send the tensor as FP64, or a smaller number."
            raise self._bad(at, f"a number that fits {self.datatype}", _got(elements[at]), remedy)
        return _plain(narrow)

    def _ranged(self, elements: list[Any]) -> list[Any]:
        limits = np.iinfo(_DTYPES[self.datatype])
        if elements and not limits.min <= min(elements) <= max(elements) <= limits.max:
            at = next(at for at, element in enumerate(elements) if not limits.min <= element <= limits.max)
            expected = f"{self.datatype}, {limits.min} to {limits.max}"
            raise self._bad(at, expected, _got(elements[at]), "Send the tensor in a wider datatype.")
        return elements

    def _bad(self, at: int | None, expected: str, got: str, remedy: str) -> InvalidInput:
        row = None if at is None else at // self.width
        return InvalidInput.of([Problem(field=self.field, expected=expected, got=got, remedy=remedy, row=row)])


def to_bytes(datatype: str, elements: Sequence[Any]) -> bytes:
    """Elements in binary.

    >>> to_bytes("BYTES", ["no"]), to_bytes("BOOL", [True])
    (b'\\x02\\x00\\x00\\x00no', b'\\x01')
    """
    if datatype != "BYTES":
        return np.asarray(elements, dtype=_DTYPES[datatype]).tobytes()
    texts = [text.encode() for text in elements]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))


_LAYOUT = "Send each element as its length in 4 bytes, little-endian, and then itself."

_IN_JSON: dict[str, tuple[frozenset[type], str, str]] = {
    "BOOL": (frozenset((bool, type(None))), "true, false or null", "Send BYTES for text, FP64 for numbers."),
    "INT": (frozenset((int,)), "a whole number", "Send FP64 for a column that has others, or missing values."),
    "FP": (frozenset((float, int, type(None))), "a number or null", "Send BYTES for text, BOOL for booleans."),
    "BYTES": (frozenset((str, type(None))), "text or null", "Send FP64 for numbers, BOOL for booleans."),
    "BF": (frozenset(), "BF16 in binary", "JSON has no BF16: send the tensor in binary, or as FP32."),
}
"""What an element in JSON may be, by family of datatypes."""


def _plain(elements: npt.NDArray[Any]) -> list[Any]:
    values: list[Any] = elements.tolist()
    return values


def _got(element: Any) -> str:
    return kind(element) if isinstance(element, list | dict) else shown(element)
