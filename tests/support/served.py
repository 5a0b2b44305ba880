"""The app as it serves: over Azurite and sockets, with keys, and with two models to read and one to act on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from automl import requests, spec, uploads
from automl.bootstrap import Core
from automl.monitoring import passes
from automl.parsing import Parser
from automl.signature import Signature
from automl.spec import Spec
from automl.training.baseline import baseline
from tests.support.host import REPOSITORY, host
from tests.support.models import CLASSIFIER, GOLDEN_ROWS, KEY, REGRESSOR, ROW, publish
from tests.support.system import System

HOST_KEY = "the-host-key"
KEYS = {"master": "the-master-key", "host": {"default": HOST_KEY}}
KEY_HEADER = {"x-functions-key": HOST_KEY}
READ = ("adult", "pay")
"""Models that keep their champions: a classification and a regression."""
SCRATCH = "scratch"
"""A model to act on."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where the app listens; it asks for one of `KEYS`."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(KEYS))
    made = System(folder)
    try:
        made.start("azurite")
        _fill(made.core())
        settings = made.environ | {"EVERGREEN_ROLE": "serve", "EVERGREEN_DEFAULT_MODEL": READ[0]}
        with host(REPOSITORY, settings, "--keys", str(keys)) as running:
            _watch(made.core(), running.url)
            yield running.url
    finally:
        made.stop()


def _fill(core: Core) -> None:
    """Something behind every route: specs, versions, a challenger, a table, a run, events, a monitor pass."""
    for model, signature in ((READ[0], CLASSIFIER), (READ[1], REGRESSOR), (SCRATCH, CLASSIFIER)):
        columns = {"key": KEY, "drop": ["fnlwgt"]}
        spec.save(core.storage, Spec.from_json({"name": model, "target": signature.target, "columns": columns}))
        reference = _baseline(signature)
        for version in ("v1", "v2") if model == SCRATCH else ("v1",):
            publish(core.registry, version, model=model, signature=signature, files={"baseline.json": reference})
        uploads.put_block(core.storage, model, "first", 0, b"age,income\n39,<=50K\n")
        uploads.commit(core.storage, core.clock, model, "first", {"blocks": 1, "format": "csv"})
        requests.request_run(core.storage, core.runs, core.clock, model, "first", key="monday")


def _baseline(signature: Signature) -> bytes:
    tensors = Parser(signature).records(GOLDEN_ROWS)
    truth: list[Any] = [*signature.classes, signature.classes[0]] if signature.classes else [1.0, 2.0, 3.0]
    return orjson.dumps(baseline(signature, tensors, truth=truth, answers=truth[::-1]))


def _watch(core: Core, url: str) -> None:
    """A prediction of each model that is read, its truth, and a pass of the monitor over both."""
    with httpx.Client(base_url=url, headers=KEY_HEADER, timeout=60) as client:
        for model in READ:
            scores = client.post(f"/models/{model}/score", json=ROW).raise_for_status().json()
            truth = {"id": scores["prediction_ids"][0], "truth": scores["predictions"][0]}
            client.post(f"/models/{model}/truth", json=truth).raise_for_status()
            passes.monitor_pass(core.storage, core.registry, core.runs, core.clock, model)
