"""A server that stands in for Evergreen, and the command line pointed at it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import watch
from cli.main import app
from tests.cli.stand_in import VERSION, Request, StandIn, serving

Run = Callable[..., Any]

FILES = {"model.onnx": b"graph", "signature.json": b"{}"}
MANIFEST = {
    "config": {"estimator": "lgbm"},
    "data": {"remarks": [], "rows_aside": 0},
    "files": {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()},
}
FEATURES = [
    {"name": "age", "type": "number"},
    {"name": "job", "type": "category"},
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A server with one trained model, `adult`, that takes everything it is sent."""
    monkeypatch.setattr(watch, "POLL_S", 0.0)
    monkeypatch.delenv("EVERGREEN_KEY", raising=False)
    with serving() as stand_in:
        monkeypatch.setenv("EVERGREEN_URL", stand_in.url)
        pointer = {"champion": VERSION, "challenger": None, "previous": None, "since": "2026-11-20T16:00:00.000Z"}
        metrics = {"metric": "roc_auc", "holdout": {"roc_auc": 0.9312, "accuracy": 0.87}, "n_holdout": 6512}
        signature = {"features": FEATURES, "target": "income", "task": "classification", "classes": ["no", "yes"]}
        stand_in.on("PUT /models/[^/]+", {})
        stand_in.on("GET /models", {"models": ["adult"]})
        stand_in.on("GET /models/adult", {"name": "adult", "target": "income"})
        stand_in.on("GET /models/[^/]+/data/[^/]+", {"table": None, "blocks": {}})
        stand_in.on("PUT /models/[^/]+/data/[^/]+/[0-9]+", {})
        stand_in.on("POST /models/[^/]+/data/[^/]+/commit", {"blob": "b", "etag": "e", "format": "csv", "size": 1})
        stand_in.on("POST /models/[^/]+/train", run("queued", "queued", 0))
        stand_in.on("GET /models/[^/]+/runs/[^/]+", run("registered", "done", 100, message="It is the first."))
        stand_in.on("GET /models/[^/]+/runs", {"runs": [run("registered", "done", 100, message="It is the first.")]})
        stand_in.on("GET /models/[^/]+/champion", pointer)
        stand_in.on(
            "GET /models/[^/]+/versions/[^/]+", {"signature": signature, "metrics": metrics, "manifest": MANIFEST}
        )
        stand_in.on("POST /models/[^/]+/score", scores)
        yield stand_in


@pytest.fixture
def evergreen() -> Run:
    """Run the command line with some arguments."""

    def invoke(*arguments: Any) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


def run(status: str, stage: str, percent: float, *, message: str = "On its way.", trials: int = 0) -> dict[str, Any]:
    """The record of a run."""
    return {
        "id": "20261120T160000Z-aabbccdd",
        "status": status,
        "stage": stage,
        "percent": percent,
        "trials": trials,
        "best_loss": 0.071234 if trials else None,
        "message": message,
        "cause": {"kind": "request", "key": "k", "text": "Asked for."},
        "version": VERSION if status == "registered" else None,
    }


def rows_of(request: Request) -> list[list[Any]]:
    """The rows of a scoring request, header left out."""
    if request.headers["content-type"].startswith("text/csv"):
        return list(csv.reader(io.StringIO(request.body.decode(), newline="")))[1:]
    return list(request.json["dataframe_split"]["data"])


def scores(request: Request) -> dict[str, Any]:
    """`yes` with 0.75 for every row; the ids name the age."""
    rows = rows_of(request)
    return {
        "model": "adult",
        "version": VERSION,
        "predictions": ["yes"] * len(rows),
        "probabilities": [{"no": 0.25, "yes": 0.75}] * len(rows),
        "prediction_ids": [f"id-{row[0]}" for row in rows],
        "logged": True,
    }
