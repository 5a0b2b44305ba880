"""The app over storage in memory, with models that answer and models that do not."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import azure.functions as func
import orjson

from automl import bootstrap, spec
from automl.bootstrap import Serving
from automl.errors import Unavailable
from automl.settings import Settings
from automl.spec import Spec
from functions import mlflow, open_inference, score
from tests.fuzz.sent import Answer, Sent
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import CLASSIFIER, REGRESSOR, publish

SETTINGS = Settings(
    champion_refresh_s=86_400,
    max_body_bytes=24 * 1024,
    max_rows=20,
    max_columns=24,
    max_text_chars=2_000,
    log_sample=0.1,
    default_model="adult",
)
"""Limits so low that requests reach every one of them, and a log that takes a tenth of what is answered."""

SIGNATURES = {
    "adult": CLASSIFIER,
    "pay": REGRESSOR,
    "strict": replace(CLASSIFIER, unknown_categories="refuse"),
    "loose": replace(CLASSIFIER, unknown_columns="ignore"),
}


class Storage(MemoryStorage):
    """Storage that reads what is appended to the log and keeps none of it; of the model `down` it reads nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.before = _refuse_down
        self.records = 0

    def append(self, container: str, name: str, data: bytes, *, at: int) -> int:
        for line in data.splitlines():
            record = orjson.loads(line)
            if not record["id"] or record["model"] not in SIGNATURES:
                raise AssertionError(f"a line of the log that is no prediction: {line[:200]!r}")
            self.records += 1
        return at + len(data)


class World:
    """A serving process and the event loop it runs on."""

    def __init__(self, serving: Serving, storage: Storage, loop: asyncio.AbstractEventLoop) -> None:
        self.serving = serving
        self.storage = storage
        self._loop = loop
        self._functions: dict[str, Callable[..., Any]] = {
            "score": _handler(score.score),
            "invocations": _handler(mlflow.invocations),
            "v2_infer": _handler(open_inference.v2_infer),
        }

    def send(self, *crowd: Sent) -> list[Answer]:
        """The answers to requests that come in one turn of the event loop."""
        return self._loop.run_until_complete(self._send_all(crowd))

    async def _send_all(self, crowd: Sequence[Sent]) -> list[Answer]:
        return await asyncio.gather(*map(self._send, crowd))

    async def _send(self, sent: Sent) -> Answer:
        """Call the function as a worker does."""
        request = func.HttpRequest(
            "POST",
            f"http://localhost/{sent.function}",
            headers=dict(sent.headers),
            params={},
            route_params={"model": sent.model},
            body=sent.body,
        )
        response = await self._functions[sent.function](req=request)
        headers = dict(response.headers) | {"content-type": response.mimetype}
        return Answer(status=response.status_code, headers=headers, body=response.get_body())


def parts() -> tuple[Serving, Storage]:
    """The parts of a process whose storage has all the models."""
    storage = Storage()
    core = bootstrap.core(SETTINGS, storage, FixedClock())
    for model, signature in SIGNATURES.items():
        spec.save(storage, Spec.from_json({"name": model, "target": signature.target}))
        publish(core.registry, "v1", model=model, signature=signature, scale=1e10 if model == "pay" else 1.0)
    spec.save(storage, Spec.from_json({"name": "untrained", "target": "income"}))
    return bootstrap.build_serving(core), storage


@contextmanager
def world() -> Iterator[World]:
    """A process of which all HTTP functions are part, for as long as the context lasts."""
    serving, storage = parts()
    loop = asyncio.new_event_loop()
    with (
        mock.patch.object(bootstrap, "process", functools.cache(lambda: serving.core)),
        mock.patch.object(bootstrap, "serving", functools.cache(lambda: serving)),
    ):
        try:
            yield World(serving, storage, loop)
        finally:
            serving.champions.close()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


def _refuse_down(operation: str, container: str, name: str) -> None:
    if name.startswith("down/"):
        raise Unavailable("Storage cannot be reached: connection refused.")


def _handler(function: Any) -> Callable[..., Any]:
    found: Callable[..., Any] = function._function.get_user_function()
    return found
