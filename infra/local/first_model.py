"""The first model of an empty system, trained through the public HTTP API like any other."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import httpx

from infra.local.errors import LocalError
from infra.local.progress import Progress

MODEL, UPLOAD = "iris", "first"
_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_EXAMPLE = dict(zip(_COLUMNS, (5.1, 3.5, 1.4, 0.2), strict=True))
_ENDED = ("registered", "rejected", "failed")
_PATIENCE_S = 240.0
"""How long a run may take beyond its search."""


class FirstModel:
    """Trains `iris` where there is no model yet.

    Parameters
    ----------
    budget_s
        Seconds its search may take.
    """

    def __init__(self, url: str, budget_s: int, progress: Progress) -> None:
        self._http = httpx.Client(base_url=url, timeout=60.0, trust_env=False)
        self._budget_s = budget_s
        self._progress = progress

    def ensure(self) -> None:
        """Train it unless there is a model already; a training that is under way is followed.

        Raises
        ------
        LocalError
            When the API refuses a step, or the run ends without a model.
        """
        names = self._names()
        if names and names != [MODEL]:
            return
        if self._champion():
            return
        run = self._active_run() if names else None
        self._follow(run or self._train())
        self._call("GET", "/health/ready")  # which loads the model, so that the first score is not a slow one

    def example(self) -> tuple[str, str] | None:
        """Path and body of a request that this model scores; None when there is no such model."""
        if MODEL not in self._names() or not self._champion():
            return None
        return f"/models/{MODEL}/score", json.dumps({"dataframe_records": [_EXAMPLE]})

    def _names(self) -> list[str]:
        document = self._call("GET", "/models")
        listed = document["models"] if isinstance(document, dict) else document
        return [item["name"] if isinstance(item, dict) else str(item) for item in listed]

    def _champion(self) -> bool:
        return self._http.get(f"/models/{MODEL}/champion").status_code == 200

    def _active_run(self) -> str | None:
        document = self._call("GET", f"/models/{MODEL}/runs")
        runs = document["runs"] if isinstance(document, dict) else document
        return next((str(run["id"]) for run in runs if run["status"] not in _ENDED), None)

    def _train(self) -> str:
        table = iris_csv()
        self._progress.say(
            f"No model yet: training '{MODEL}' on scikit-learn's iris table, {self._budget_s} s of search"
        )
        spec = {"target": "species", "search": {"time_budget": self._budget_s}}
        self._call("PUT", f"/models/{MODEL}", json=spec)
        self._call("PUT", f"/models/{MODEL}/data/{UPLOAD}/0", content=table)
        self._call("POST", f"/models/{MODEL}/data/{UPLOAD}/commit", json={"blocks": 1, "format": "csv"})
        run = self._call("POST", f"/models/{MODEL}/train", json={"upload": UPLOAD})
        return str(run["id"])

    def _follow(self, run_id: str) -> None:
        """Show a run's progress until it ends."""
        deadline, shown = time.monotonic() + self._budget_s + _PATIENCE_S, ""
        while True:
            run = self._call("GET", f"/models/{MODEL}/runs/{run_id}")
            line = _described(run)
            if line != shown:
                self._progress.say(line)
                shown = line
            if run["status"] == "registered":
                return
            if run["status"] in _ENDED:
                raise LocalError(f"The first model was not made: the run {run['status']}. {run.get('message') or ''}")
            if time.monotonic() > deadline:
                raise LocalError(f"The first model's run {run_id} did not end in time; see the training host's log.")
            time.sleep(0.5)

    def _call(self, method: str, path: str, **body: Any) -> Any:
        try:
            answer = self._http.request(method, path, **body)
        except httpx.TransportError as error:
            raise LocalError(
                f"{method} {path}: the API does not answer ({error}). See the serving host's log."
            ) from error
        if answer.is_error:
            raise LocalError(f"{method} {path} answered {answer.status_code}: {answer.text.strip()}")
        return answer.json() if answer.content else None


def iris_csv() -> bytes:
    """The iris table that ships with scikit-learn, its species by name.

    Read as the file it is: importing scikit-learn for it would take seconds.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise LocalError("scikit-learn, which brings the first table, is not installed. Run `make up`.")
    file = Path(spec.origin).parent / "datasets" / "data" / "iris.csv"
    head, *rows = file.read_text(encoding="utf-8").split()
    species = head.split(",")[2:]  # its first line holds the number of rows and columns, then the species
    named = [f"{values},{species[int(label)]}" for values, _, label in (row.rpartition(",") for row in rows)]
    return "\n".join([",".join([*_COLUMNS, "species"]), *named, ""]).encode()


def _described(run: dict[str, Any]) -> str:
    """One line about where a run is."""
    parts = [f"run {run['status']}"]
    if run["status"] == "running":
        parts = [f"{run.get('stage') or 'starting'} {run.get('percent') or 0:.0f}%"]
    if run.get("trials"):
        parts.append(f"{run['trials']} trials")
    if run.get("best_loss") is not None:
        parts.append(f"best loss {run['best_loss']:.4f}")
    if run["status"] == "registered" and run.get("version"):
        parts.append(f"version {run['version']}")
    return "Training: " + ", ".join(parts)
