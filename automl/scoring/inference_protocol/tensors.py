"""The inputs of a request as tensors. Each length is compared with what there is before anything is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.errors import MAX_PROBLEMS, InvalidInput, Problem
from automl.forms import shown
from automl.scoring.body import kind
from automl.scoring.inference_protocol import fields
from automl.scoring.inference_protocol.datatypes import DATATYPES, Elements, size_of

HEADER = "Inference-Header-Content-Length"
"""The HTTP header with the length of the JSON text that binary tensors follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One input.

    Parameters
    ----------
    shape
        `(N,)` or `(N, W)`.
    data
        A list as JSON has it, flat or nested; or bytes.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | memoryview

    @property
    def field(self) -> str:
        """What messages call it."""
        return _field(self.name)

    @property
    def rows(self) -> int:
        """N."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Elements of one row."""
        return self.shape[1] if len(self.shape) == 2 else 1

    def values(self) -> list[Any]:
        """The elements, row by row. Raises InvalidInput."""
        elements = Elements(field=self.field, datatype=self.datatype, width=self.width)
        if isinstance(self.data, memoryview):
            return elements.from_bytes(self.rows * self.width, self.data)
        return elements.from_json(self._flat(self.data))

    def _flat(self, data: list[Any]) -> list[Any]:
        if data and isinstance(data[0], list):
            if len(self.shape) != 2 or len(data) != self.rows:
                expected = f"data of the shape {list(self.shape)}"
                raise fields.bad(self.field, expected, f"{len(data)} lists", "Send one list a row, or a flat one.")
            for row, cells in enumerate(data):
                if not isinstance(cells, list) or len(cells) != self.width:
                    got = str(len(cells)) if isinstance(cells, list) else kind(cells)
                    remedy = "Send rows of one length."
                    raise fields.bad(self.field, f"a list of {self.width} elements", got, remedy, row)
            return [cell for cells in data for cell in cells]
        if len(data) != self.rows * self.width:
            expected = f"{self.rows * self.width} elements for the shape {list(self.shape)}"
            raise fields.bad(self.field, expected, str(len(data)), "Let shape and data agree.")
        return data


def cut(inputs: Sequence[Mapping[str, Any]], rest: memoryview, *, has_header: bool) -> tuple[Tensor, ...]:
    """The tensors of a request.

    Parameters
    ----------
    rest
        What follows the JSON text: the bytes of those sent in binary, in their order.
    has_header
        Whether the request has said where `rest` begins.

    Raises
    ------
    InvalidInput
        Naming each tensor that is not as the protocol has it.
    """
    problems: list[Problem] = []
    tensors: dict[str, Tensor] = {}
    at = 0
    for index, given in enumerate(inputs):
        try:
            name = fields.name(given, f"inputs[{index}]", taken=tensors)
            size = _size(given, _field(name), len(rest) - at, has_header=has_header)
            binary = None if size is None else rest[at : at + size]
            at += size or 0
            tensors[name] = _tensor(name, given, binary)
        except InvalidInput as error:
            problems += error.problems
            if len(problems) > MAX_PROBLEMS:
                break  # no more are listed
    if problems:
        raise InvalidInput.of(problems)
    if at != len(rest):
        expected, got = f"{at} bytes of tensors after the JSON text", f"{len(rest)}"
        raise fields.bad("body", expected, got, f"Let {HEADER} and each binary_data_size agree with the body.")
    return tuple(tensors.values())


def _size(given: Mapping[str, Any], field: str, left: int, *, has_header: bool) -> int | None:
    """Bytes of a tensor in binary, None where its data is JSON."""
    size = fields.parameters(given, f"{field}.parameters").get("binary_data_size")
    if size is None:
        return None
    field = f"{field}.parameters.binary_data_size"
    if not has_header:
        raise fields.bad(field, f"the header {HEADER} with it", "none", "Send the length of the JSON text in it.")
    if not fields.is_size(size) or size > left:
        expected = f"a whole number of bytes, of which {left} are left in the body"
        raise fields.bad(field, expected, shown(size), "Send the bytes of each tensor after the JSON text.")
    return int(size)


def _tensor(name: str, given: Mapping[str, Any], binary: memoryview | None) -> Tensor:
    field, datatype, shape, data = _field(name), given.get("datatype"), given.get("shape"), given.get("data")
    if datatype not in DATATYPES:
        expected = "one of " + ", ".join(DATATYPES)
        raise fields.bad(f"{field}.datatype", expected, shown(datatype), "Name the datatype of the data.")
    if not isinstance(shape, list) or len(shape) not in (1, 2) or not all(map(fields.is_size, shape)):
        got = f"{len(shape)} dimensions" if isinstance(shape, list) and len(shape) > 2 else shown(shape)
        raise fields.bad(f"{field}.shape", "[N], [N, 1] or [N, columns]", got, "Send whole numbers from 0.")
    if binary is None:
        if not isinstance(data, list):
            remedy = "Send data, or parameters.binary_data_size and bytes after the JSON text."
            raise fields.bad(f"{field}.data", "a list", kind(data), remedy)
        return Tensor(name=name, datatype=datatype, shape=tuple(shape), data=data)
    if data is not None:
        raise fields.bad(f"{field}.data", "none beside binary data", kind(data), "Send one of the two.")
    size = size_of(datatype)
    if size is not None and len(binary) != size * math.prod(shape):
        expected = f"{size * math.prod(shape)} bytes for {datatype} of the shape {shape}"
        got, where = str(len(binary)), f"{field}.parameters.binary_data_size"
        raise fields.bad(where, expected, got, "Let shape, datatype and size agree.")
    return Tensor(name=name, datatype=datatype, shape=tuple(shape), data=binary)


def _field(name: str) -> str:
    return f"inputs.{name[:100]}"
