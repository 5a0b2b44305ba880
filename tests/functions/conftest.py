"""A process over storage in memory, and requests as the worker makes them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import azure.functions as func
import orjson
import pytest

from automl import bootstrap, spec
from automl.bootstrap import Core, Serving
from automl.log.reader import new_lines
from automl.settings import Settings
from automl.spec import Spec
from functions.api_document import components
from functions.api_document.document import document
from functions.api_document.registered import routes
from functions.rooms import rooms
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import KEY, publish
from tests.support.openapi import Judge

HANDLERS: dict[str, ModuleType] = {
    name: module for module in rooms("serve") for name, value in vars(module).items() if hasattr(value, "_function")
}
JUDGE = Judge(document(routes("serve"), components.schemas()))
"""What the app says of its own answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A function's answer; `json` is its body, if it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Calls functions with azure.functions' own objects, as a worker does. Every answer must be a documented one."""

    def __init__(self, serving: Serving, storage: MemoryStorage, clock: FixedClock) -> None:
        self.serving = serving
        self.core: Core = serving.core
        self.storage = storage
        self.clock = clock

    async def __call__(
        self,
        function: str,
        body: Any = b"",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **route: str,
    ) -> Answer:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"content-type": "application/json"} if not isinstance(body, bytes) else {}
        request = func.HttpRequest(
            "POST",
            f"http://localhost/{function}",
            headers=given | dict(headers or {}),
            params=dict(query or {}),
            route_params={"model": "adult"} | route,
            body=raw,
        )
        handler = getattr(HANDLERS[function], function)._function.get_user_function()
        result = handler(req=request)
        response = await result if inspect.isawaitable(result) else result
        headers_back = dict(response.headers) | {"content-type": response.mimetype}
        JUDGE.check_answer(function, response.status_code, headers_back, response.get_body())
        return Answer(status=response.status_code, headers=headers_back, body=response.get_body())

    def logged(self, kind: Any = "predictions") -> list[dict[str, Any]]:
        """Records in the log of model adult."""
        return [orjson.loads(line) for _, _, lines in new_lines(self.storage, "adult", kind, {}) for line in lines]


@pytest.fixture
def settings() -> Settings:
    return Settings(champion_refresh_s=3600, max_body_bytes=100_000, max_block_bytes=1000, max_rows=100)


@pytest.fixture
def call(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A serving process over empty storage."""
    storage, clock = MemoryStorage(), FixedClock()
    core = bootstrap.core(settings, storage, clock)
    serving = bootstrap.build_serving(core)
    monkeypatch.setattr(bootstrap, "process", functools.cache(lambda: core))
    monkeypatch.setattr(bootstrap, "serving", functools.cache(lambda: serving))
    yield Client(serving, storage, clock)
    serving.champions.close()


@pytest.fixture
def adult(call: Client) -> Client:
    """The same with a model `adult` that has a champion."""
    wanted = {"name": "adult", "target": "income", "columns": {"key": KEY, "drop": ["fnlwgt"]}}
    spec.save(call.storage, Spec.from_json(wanted))
    publish(call.core.registry, "v1")
    return call
