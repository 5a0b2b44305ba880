"""host.json: what of it this host honours, and the refusal of the rest."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.host.errors import Refused
from infra.local.host.values import span_seconds

_LEVELS = {
    "Trace": logging.DEBUG,
    "Debug": logging.DEBUG,
    "Information": logging.INFO,
    "Warning": logging.WARNING,
    "Error": logging.ERROR,
    "Critical": logging.CRITICAL,
    "None": logging.CRITICAL + 1,
}
_TOP = {"version", "functionTimeout", "extensions", "logging", "extensionBundle", "telemetryMode", "aggregator"}
"""`extensionBundle`, `telemetryMode` and `aggregator` change nothing a function can see on this host."""
_QUEUES = {
    "maxPollingInterval",
    "visibilityTimeout",
    "batchSize",
    "newBatchThreshold",
    "maxDequeueCount",
    "messageEncoding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """`extensions.queues`, with Azure's own defaults.

    Parameters
    ----------
    max_polling_s
        Longest pause between two looks at an empty queue.
    retry_after_s
        `visibilityTimeout`: how long a message whose handler failed stays invisible.
    batch_size, new_batch_threshold
        A new batch of `batch_size` is fetched once no more than `new_batch_threshold` messages are being handled.
    max_dequeue_count
        How often a message is tried before it goes to `<queue>-poison`.
    base64
        Whether message texts are base64 of their bytes.
    """

    max_polling_s: float = 60.0
    retry_after_s: float = 0.0
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    base64: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """The parts of host.json that change behaviour here.

    Parameters
    ----------
    route_prefix
        First segments of every route, without slashes; may be empty.
    function_timeout_s
        Longest a function may run; None means as long as it likes.
    """

    route_prefix: str = "api"
    function_timeout_s: float | None = 1800.0
    queues: QueueOptions = field(default_factory=QueueOptions)
    log_level: int = logging.INFO


def read_host_json(path: Path) -> HostConfig:
    """Read a host.json.

    Raises
    ------
    Refused
        Naming every value that is wrong or would change behaviour in a way this host does not offer.
    """
    if not path.exists():
        raise Refused([f"{path.name}: expected beside function_app.py, found none in {path.parent}."])
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refused([f"{path.name}: expected JSON, got {error}."]) from error
    reader = _Reader()
    config = reader.host(document)
    if reader.problems:
        raise Refused([f"host.json {problem}" for problem in reader.problems])
    return config


class _Reader:
    """Walks the document and gathers every problem instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def host(self, document: Any) -> HostConfig:
        top = self.part({"host": document}, "host", _TOP, where="")
        if top.get("version") != "2.0":
            self.problems.append(f"version: expected '2.0', got {top.get('version')!r}.")
        extensions = self.part(top, "extensions", {"http", "queues"})
        http = self.part(extensions, "http", {"routePrefix"}, where="extensions.")
        return HostConfig(
            route_prefix=str(http.get("routePrefix", "api")).strip("/"),
            function_timeout_s=self.timeout(top),
            queues=self.queues(self.part(extensions, "queues", _QUEUES, where="extensions.")),
            log_level=self.level(self.part(top, "logging", None)),
        )

    def part(self, parent: Mapping[str, Any], key: str, known: set[str] | None, *, where: str = "") -> dict[str, Any]:
        value = parent.get(key, {})
        if not isinstance(value, dict):
            self.problems.append(f"{where}{key}: expected an object, got {value!r}.")
            return {}
        inside = "" if key == "host" else f"{where}{key}."
        for name in value.keys() - known if known is not None else ():
            self.problems.append(
                f"{inside}{name}: is not supported by the local host. Remove it, or use `func start`."
            )
        return value

    def timeout(self, top: Mapping[str, Any]) -> float | None:
        value = top.get("functionTimeout", "00:30:00")
        return None if value == "-1" else self.span(value, "functionTimeout")

    def queues(self, part: Mapping[str, Any]) -> QueueOptions:
        encoding = part.get("messageEncoding", "base64")
        if encoding not in ("base64", "none"):
            self.problems.append(f"extensions.queues.messageEncoding: expected 'base64' or 'none', got {encoding!r}.")
        batch = self.whole(part, "batchSize", 16, 1, 32)
        return QueueOptions(
            max_polling_s=self.span(
                part.get("maxPollingInterval", "00:01:00"), "extensions.queues.maxPollingInterval"
            ),
            retry_after_s=self.span(part.get("visibilityTimeout", "00:00:00"), "extensions.queues.visibilityTimeout"),
            batch_size=batch,
            new_batch_threshold=self.whole(part, "newBatchThreshold", batch // 2, 0, 1000),
            max_dequeue_count=self.whole(part, "maxDequeueCount", 5, 1, 1000),
            base64=encoding == "base64",
        )

    def level(self, part: Mapping[str, Any]) -> int:
        levels = part.get("logLevel", {})
        name = levels.get("default", "Information") if isinstance(levels, dict) else levels
        if name not in _LEVELS:
            self.problems.append(f"logging.logLevel.default: expected one of {', '.join(_LEVELS)}, got {name!r}.")
        return _LEVELS.get(name, logging.INFO)

    def span(self, value: object, where: str) -> float:
        try:
            return span_seconds(value, where)
        except Refused as refused:
            self.problems.extend(refused.problems)
            return 0.0

    def whole(self, part: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
        value = part.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problems.append(
                f"extensions.queues.{key}: expected a whole number from {low} to {high}, got {value!r}."
            )
            return default
        return value
