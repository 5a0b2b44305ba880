"""Index and call a function app through `azure_functions_runtime`, the library inside Microsoft's own Python worker.

Run by an interpreter that has it (Python 3.13), in the app's folder. Reads calls as JSON from standard input, one
object each: `function`, `method`, `url`, `headers`, `route`, `body`. Writes one JSON object to standard output:
`functions` (name to raw bindings) and `answers` (`status`, `content_type`, `body`, or `error`).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as worker
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native


class _BindingInfo(SimpleNamespace):
    """The numbers of the wire protocol's BindingInfo.Direction and BindingInfo.DataType."""

    undefined = 0
    out = 1
    inout = 2


class _StatusResult(SimpleNamespace):
    Failure = 0
    Success = 1


class _Protocol:
    """Stands where the worker is given its generated protobuf classes: any message is a plain record."""

    BindingInfo = _BindingInfo
    StatusResult = _StatusResult

    def __getattr__(self, name: str) -> type[SimpleNamespace]:
        return SimpleNamespace


async def run(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Index the app, then make the calls."""
    try:
        bindings, ids = await begin()
    except RuntimeError as error:
        return {"error": str(error)}
    answers = [await _call(ids[call["function"]], bindings[call["function"]], call) for call in calls]
    worker.stop_threadpool_executor()
    return {"functions": bindings, "answers": answers}


async def begin() -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Index the app of the working directory as the worker does at start: bindings and ids of the functions by name.

    Raises
    ------
    RuntimeError
        When the worker refuses the app.
    """
    start = SimpleNamespace(function_app_directory=os.getcwd(), capabilities={})  # noqa: PTH109 - as the host sends it
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=start), properties={"host": "127.0.0.1", "protos": _Protocol()}
    )
    begun = await worker.worker_init_request(request)
    if begun.result.status != _StatusResult.Success:
        raise RuntimeError(str(begun.result.exception))
    worker.start_threadpool_executor()
    found = (await worker.functions_metadata_request(request)).function_metadata_results
    bindings = {each.name: [json.loads(text) for text in each.raw_bindings] for each in found}
    return bindings, {each.name: each.function_id for each in found}


async def _call(function_id: str, bindings: list[dict[str, Any]], call: dict[str, Any]) -> dict[str, Any]:
    def texts(values: dict[str, str]) -> dict[str, Datum]:
        return {name: Datum(value, "string") for name, value in values.items()}

    trigger = next(binding for binding in bindings if binding["type"] == "httpTrigger")
    http = {
        "method": Datum(call["method"], "string"),
        "url": Datum(call["url"], "string"),
        "headers": texts(call["headers"]),
        "params": texts(call["route"]),
        "query": {},
        "body": Datum(call["body"].encode(), "bytes"),
    }
    inputs = [(trigger["name"], Datum(http, "http"))]
    ok, returned, _, error, trace = await invocation_request_native(str(uuid.uuid4()), function_id, inputs, {})
    if not ok or returned is None:
        return {"error": f"{error}\n{trace}"}
    value = returned.value
    return {
        "status": int(value["status_code"].value),
        "content_type": value["headers"]["content-type"].value,
        "body": value["body"].value.decode(),
    }


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - where the worker finds the app's modules
    documents = [json.loads(line) for line in sys.stdin]
    sys.stdout.write("\n" + json.dumps(asyncio.run(run(documents))) + "\n")
