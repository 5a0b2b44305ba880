"""Requests of the Open Inference Protocol, put together by hand, and responses taken apart."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

NUMPY = {
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    "FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "BOOL": "?",
}  # fmt: skip


def packed_bytes(datatype: str, elements: Sequence[Any]) -> bytes:
    """Elements in binary; None is NaN or an empty text."""
    if datatype == "BYTES":
        texts = [(text or "").encode() for text in elements]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    if datatype == "BF16":
        return b"".join(struct.pack("<f", element)[2:] for element in elements)
    array = np.array([np.nan if element is None else element for element in elements])
    return bytes(array.astype(NUMPY[datatype]).tobytes())


def tensor(
    name: str, datatype: str, elements: Sequence[Any], shape: Sequence[int] | None = None, **more: Any
) -> dict[str, Any]:
    """An input as JSON."""
    size = list(shape) if shape is not None else [len(elements)]
    return {"name": name, "shape": size, "datatype": datatype, "data": list(elements), **more}


def binary(inputs: Sequence[dict[str, Any]], **more: Any) -> tuple[bytes, str]:
    """A body whose inputs travel in binary, and the length of its JSON text."""
    parts = [packed_bytes(each["datatype"], each["data"]) for each in inputs]
    described = [
        {key: value for key, value in each.items() if key != "data"} | {"parameters": {"binary_data_size": len(part)}}
        for each, part in zip(inputs, parts, strict=True)
    ]
    text = orjson.dumps({"inputs": described, **more})
    return text + b"".join(parts), str(len(text))


def in_json(inputs: Sequence[dict[str, Any]], **more: Any) -> tuple[bytes, None]:
    """A body that is all JSON."""
    return orjson.dumps({"inputs": list(inputs), **more}), None


def tensors_of(body: bytes, header_length: int | None) -> dict[str, Any]:
    """The elements of each output of a response, in the order of the response."""
    end = len(body) if header_length is None else header_length
    found: dict[str, Any] = {}
    for output in orjson.loads(body[:end])["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            found[output["name"]] = output["data"]
            continue
        raw, end = body[end : end + size], end + size
        if output["datatype"] == "BYTES":
            texts: list[str] = []
            while raw:
                (length,) = struct.unpack_from("<I", raw)
                texts.append(raw[4 : 4 + length].decode())
                raw = raw[4 + length :]
            found[output["name"]] = texts
        else:
            found[output["name"]] = np.frombuffer(raw, NUMPY[output["datatype"]]).tolist()
    assert end == len(body)
    return found
