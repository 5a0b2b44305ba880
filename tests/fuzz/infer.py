"""Requests of the Open Inference Protocol: right ones, in JSON and in binary, and ones with a wrong field."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np

from tests.fuzz import byte_changes, cells, transport
from tests.fuzz.json_text import write
from tests.fuzz.sent import Sent

HEADER = "Inference-Header-Content-Length"
Change = Callable[[dict[str, Any], dict[str, Any], Random], Any]
"""Changes a request, or one of its tensors."""

MEDIA = ("application/json", "application/octet-stream", None)

_NUMPY = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4", "UINT8": "<u1", "BOOL": "?"}


def request(rng: Random) -> Sent:
    """A request of the protocol."""
    model = rng.choice(transport.MODELS)
    records = [_row(rng) for _ in range(rng.choice((1, 1, 2, 5, 20)))]
    given, parts = _asked(records, rng)
    dice = rng.random()
    length_off = 0
    status: int | None = 200
    if dice < 0.35:
        given, status = _changed(given, rng), None
    elif dice < 0.45:
        parts, status = [rng.choice((part[:-1], part + b"\1", part[1:] + b"\xff")) for part in parts], None
    elif dice < 0.52:
        length_off, status = rng.choice((-1, 1, 10**6, -(10**6))), None
    text = write(given, rng).encode(errors="surrogatepass")
    plain = text + b"".join(parts)
    if dice > 0.85:
        plain, status = byte_changes.hurt(plain, rng), None
    headers = transport.headers(rng.choice(MEDIA))
    if parts or rng.randrange(8) == 0 or length_off:
        headers[HEADER] = str(len(text) + length_off) if rng.randrange(30) else rng.choice(("", "-1", "²", "9" * 50))
        status = status if headers[HEADER] == str(len(text)) else None
    return Sent(
        function="v2_infer",
        model=model,
        body=plain,
        plain=plain,
        headers=headers,
        status=status,
        records=tuple(records) if status == 200 else None,
    )


def _row(rng: Random) -> dict[str, Any]:
    """A plain row whose cells a tensor can hold."""
    row = cells.plain(rng)
    return row | {"member": {True: "true", False: "false", None: None}[row["member"]]}


def _asked(records: Sequence[Mapping[str, Any]], rng: Random) -> tuple[dict[str, Any], list[bytes]]:
    """The JSON object of a request for these rows, and its tensors in binary."""
    inputs: list[dict[str, Any]] = []
    parts: list[bytes] = []
    is_binary = rng.randrange(2) == 0
    columns: dict[str, tuple[str, list[Any]]] = {
        name: ("FP64" if name == "age" else "BYTES", [record[name] for record in records]) for name in records[0]
    }
    shape = rng.choice(([len(records)], [len(records), 1]))
    if rng.randrange(3) == 0:  # the two text columns packed in one, in the order of the signature
        texts = [cell for record in records for cell in (record["job"], record["member"])]
        cat = {"name": "cat", "datatype": "BYTES", "shape": [len(records), 2]}
        columns = {name: column for name, column in columns.items() if name not in ("job", "member")}
        _place(cat, texts, inputs, parts, is_binary=is_binary)
    for name, (usual, column) in columns.items():
        is_whole = usual == "FP64" and all(isinstance(cell, int) for cell in column)
        datatype = rng.choice(("FP64", "INT64", "INT32", "UINT8")) if is_whole else usual
        tensor = {"name": name, "datatype": datatype, "shape": shape}
        _place(tensor, column, inputs, parts, is_binary=is_binary and rng.randrange(4) > 0)
    asked: dict[str, Any] = {"inputs": inputs}
    if rng.randrange(3) == 0:
        asked["id"] = rng.choice(("", "42", "é", "x" * 50))
    if rng.randrange(3) == 0:
        asked["parameters"] = rng.choice(({"binary_data_output": True}, {"binary_data_output": False}, {"more": 1}))
    if rng.randrange(3) == 0:
        asked["outputs"] = [{"name": "predict", "parameters": {"binary_data": bool(rng.randrange(2))}}]
    return asked, parts


def _place(
    tensor: dict[str, Any], column: list[Any], inputs: list[dict[str, Any]], parts: list[bytes], *, is_binary: bool
) -> None:
    """Put a tensor among the inputs, its elements beside it or among the parts in binary."""
    if is_binary:
        parts.append(_bytes(tensor["datatype"], column))
        inputs.append(tensor | {"parameters": {"binary_data_size": len(parts[-1])}})
    else:
        inputs.append(tensor | {"data": column})


def _bytes(datatype: str, column: Sequence[Any]) -> bytes:
    if datatype == "BYTES":
        texts = [(cell or "").encode() for cell in column]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.array([np.nan if cell is None else cell for cell in column]).astype(_NUMPY[datatype]).tobytes()


def _changed(given: dict[str, Any], rng: Random) -> dict[str, Any]:
    """A request with one field changed."""
    copy: dict[str, Any] = json.loads(json.dumps(given))
    tensor = rng.choice(copy["inputs"])
    rng.choice(_CHANGES)(copy, tensor, rng)
    return copy


def _element(_: dict[str, Any], tensor: dict[str, Any], rng: Random) -> None:
    """One element becomes another."""
    if data := tensor.get("data"):
        data[rng.randrange(len(data))] = rng.choice((cells.odd(rng), True, 1e300, 300, -1, "text", None, 0.5))


def _narrow(given: dict[str, Any], tensor: dict[str, Any], rng: Random) -> None:
    """A number too large for its datatype."""
    datatype, number = rng.choice((("UINT8", 300), ("INT8", -129), ("FP16", 1e6), ("FP32", 1e39), ("UINT64", -1)))
    tensor.update(name="age", datatype=datatype, data=[number] * math.prod(tensor["shape"]))
    given["inputs"] = [tensor]


def _packed_too(given: dict[str, Any], tensor: dict[str, Any], rng: Random) -> None:
    """A packed tensor beside the columns in it."""
    rows = tensor["shape"][0]
    number, text = {"name": "num", "datatype": "FP64"}, {"name": "cat", "datatype": "BYTES"}
    packed = rng.choice((number | {"data": [1.5] * 2 * rows}, text | {"data": ["true"] * 2 * rows}))
    given["inputs"].insert(0, packed | {"shape": [rows, 2]})


def _texts_in_binary(given: dict[str, Any], tensor: dict[str, Any], rng: Random) -> None:
    """A tensor takes the bytes of another datatype."""
    tensor["datatype"] = "BYTES" if tensor["datatype"] != "BYTES" else rng.choice(("BOOL", "UINT8"))
    if "data" not in tensor and tensor["datatype"] != "BYTES":
        tensor["shape"] = [tensor["parameters"]["binary_data_size"]]


def _put(place: Callable[..., Any], field: str, *values: Any) -> Change:
    """A change that puts one of some values into a field."""

    def change(given: dict[str, Any], tensor: dict[str, Any], rng: Random) -> None:
        place(given, tensor)[field] = rng.choice(values)

    return change


def _request(given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return given


def _input(_: dict[str, Any], tensor: dict[str, Any]) -> dict[str, Any]:
    return tensor


_ODD_FLAGS = [[{"name": "predict", "parameters": {key: "3"}}] for key in ("classification", "binary_data")]

_CHANGES: tuple[Change, ...] = (
    *(_element, _element, _narrow, _packed_too, _texts_in_binary),
    _put(
        _input,
        "datatype",
        "FP16",
        "FP32",
        "INT8",
        "UINT8",
        "UINT64",
        "BOOL",
        "BF16",
        "BYTES",
        "STRING",
        "",
        None,
        7,
        [],
    ),
    _put(_input, "shape", [], [0], [-1], [1, 2, 3], [2**62] * 2, [2**63], ["1"], [1.0], [True], None, [7], [1, 7]),
    _put(_input, "name", "age", "num", "cat", "", "x" * 3_000, None, 7),
    _put(_input, "data", [[1], [2, 3], 4], [[1]], 7, None, {}, [], [[]], ["x" * 9_000], [True]),
    _put(_input, "parameters", {"binary_data_size": 4}, 7, [], {"shared_memory_region": "x"}),
    _put(_request, "inputs", [], {}, None, [[]], [7], [{}]),
    _put(_request, "id", 7, [], "x" * 20_000),
    _put(_request, "parameters", {"sequence_id": 7}, {"binary_data_output": 7}, "x", {"shared_memory_region": 1}),
    _put(_request, "outputs", [], {}, [7], [{"name": "more"}], [{"name": "x" * 3_000}], [{"name": 7}]),
    _put(_request, "outputs", [{"name": "predict"}] * 2, [{"name": "probabilities"}], [{}]),
    _put(_request, "outputs", *_ODD_FLAGS),
    lambda given, tensor, rng: given["inputs"].remove(tensor),
    lambda given, tensor, rng: given["inputs"].append(rng.choice((tensor, tensor | {"name": "more"}))),
    lambda given, tensor, rng: tensor.pop(rng.choice(list(tensor))),
)
