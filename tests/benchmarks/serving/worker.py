"""The time of the scoring handler itself, under Microsoft's worker library, and under the local host.

`python -m tests.benchmarks.serving.worker FOLDER`, run by an interpreter that has `azure_functions_runtime`, in the
app's folder, with the environment of a serving process. Writes microseconds as JSON. Neither sockets nor gRPC are in
it: what differs is how a request becomes a `HttpRequest`, and the answer bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import azure.functions as func
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native

from infra.local.host.http import HttpApp
from infra.local.host.indexing import index, load_app
from infra.local.host.invoking import Invoker
from infra.local.host.routes import Routes
from tests.benchmarks.serving import MODEL
from tests.contract.worker import begin

_BLOCKS, _BLOCK = 100, 20
_PATH = f"/models/{MODEL}/score"
_URL = f"http://127.0.0.1{_PATH}"
_HEADERS = {"content-type": "application/json", "host": "127.0.0.1"}

Call = Callable[[bytes], Awaitable[Any]]


async def measure(bodies: list[bytes]) -> dict[str, dict[str, float]]:
    """p50 and p99 of one row, in microseconds, of the handler and of both ways to it; taken in turn."""
    bindings, ids = await begin()
    trigger = next(each["name"] for each in bindings["score"] if each["type"] == "httpTrigger")
    del sys.modules["function_app"]  # an app can be indexed only once, and the worker has done so
    functions = index(load_app(Path.cwd()), os.environ)
    score = next(each for each in functions if each.name == "score")
    invoker = Invoker(folder=Path.cwd(), timeout_s=None, threads=1)
    app = HttpApp(routes=Routes(functions, ""), invoker=invoker, keys=None)

    async def handler(body: bytes) -> None:
        answer = await score.handler(**{score.parameter: _request(body)})
        _check(answer.status_code)

    async def worker(body: bytes) -> None:
        inputs = [(trigger, Datum(_message(body), "http"))]
        ok, returned, *rest = await invocation_request_native(str(uuid.uuid4()), ids["score"], inputs, {})
        if not ok or returned is None:
            raise RuntimeError(f"the worker could not call the handler: {rest}")
        _check(int(returned.value["status_code"].value))

    async def local_host(body: bytes) -> None:
        await app(_scope(), _receiver(body), _send)

    times = await _timed({"handler": handler, "worker library": worker, "local host": local_host}, bodies)
    invoker.close()
    return {name: _percentiles(found) for name, found in times.items()}


async def _timed(calls: dict[str, Call], bodies: list[bytes]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for block in range(-1, _BLOCKS):
        for name, call in calls.items():
            for number in range(_BLOCK):
                body = bodies[(block * _BLOCK + number) % len(bodies)]
                started = time.perf_counter_ns()
                await call(body)
                if block >= 0:  # the first one warms up
                    times[name].append((time.perf_counter_ns() - started) / 1e3)
    return times


def _request(body: bytes) -> func.HttpRequest:
    return func.HttpRequest("POST", _URL, headers=_HEADERS, params={}, route_params={"model": MODEL}, body=body)


def _message(body: bytes) -> dict[str, Any]:
    def texts(values: dict[str, str]) -> dict[str, Datum]:
        return {name: Datum(value, "string") for name, value in values.items()}

    return {
        "method": Datum("POST", "string"),
        "url": Datum(_URL, "string"),
        "headers": texts(_HEADERS),
        "params": texts({"model": MODEL}),
        "query": {},
        "body": Datum(body, "bytes"),
    }


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in _HEADERS.items()],
    }


def _receiver(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _send(message: Any) -> None:
    if message["type"] == "http.response.start":
        _check(message["status"])


def _check(status: int) -> None:
    if status != 200:
        raise RuntimeError(f"expected 200, got {status}")


def _percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": round(statistics.median(ordered), 1), "p99": round(ordered[len(ordered) * 99 // 100], 1)}


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - where the worker finds the app's modules
    texts = json.loads((Path(sys.argv[1]) / "bodies-1.json").read_text(encoding="utf-8"))
    sys.stdout.write("\n" + json.dumps(asyncio.run(measure([text.encode() for text in texts]))))
    sys.stdout.flush()
    os._exit(0)  # the champions' thread would go on looking
