"""The floor: a raw ASGI app with orjson and the very graph that Evergreen serves, and nothing checked.

What is left is what nobody can leave out: HTTP, JSON in, two tensors, one onnxruntime call, JSON out. A body that is
not as it should be ends the request with an exception. Run by uvicorn with uvloop and httptools.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import orjson

_folder = Path(os.environ["BENCH_FOLDER"])
_columns = json.loads((_folder / "columns.json").read_text(encoding="utf-8"))
_numbers, _texts = _columns["num"], _columns["cat"]
_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = 1
_options.inter_op_num_threads = 1
_session = onnxruntime.InferenceSession(
    (_folder / "model.onnx").read_bytes(), _options, providers=["CPUExecutionProvider"]
)
_run = _session.run


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer one request, whatever its path and method."""
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    rows = orjson.loads(body)["dataframe_records"]
    num = np.array([[row[name] for name in _numbers] for row in rows], dtype=np.float64)
    cat = np.array([[row[name] for name in _texts] for row in rows], dtype=object)
    labels, probabilities = _run(["label", "probabilities"], {"num": num, "cat": cat})
    content = orjson.dumps({"predictions": labels.tolist(), "probabilities": probabilities.tolist()})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
