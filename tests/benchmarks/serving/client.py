"""One scoring request, for what is not about throughput."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.benchmarks.serving.servers import Server


def post(server: Server, path: str, body: bytes) -> dict[str, Any]:
    """One score on a connection of its own. Raises RuntimeError for anything but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: expected 200, got {answer.status}: {text[:500]!r}")
    document: dict[str, Any] = json.loads(text)
    return document
