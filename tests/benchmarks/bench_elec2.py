"""Elec2, whole and in time order, through the running system: does it keep up with retraining all the time?

    .venv/bin/python -m tests.benchmarks.bench_elec2

The first 5,000 rows are the table it is trained on. The other 40,312 are scored over HTTP, 100 at a time; each truth
is sent 500 rows late; the spec has its default thresholds. After each 200 rows the replay waits until the monitor has
seen all labels and every run it asked for has ended: the stream is half-hourly, so a training is short beside that.

Beside it stand the first model, frozen, and the same estimator and configuration fitted anew every 1,000 and every
2,500 rows, by an oracle that needs no alarm and no proof, on all rows whose truth has arrived, and on the newest
5,000 and 10,000. The numbers are printed and written to docs/benchmarks/elec2.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import events
from automl.parsing import parse_columns
from automl.scoring.loading import load
from infra.local.azurite import REPOSITORY
from tests.support.system import System, system
from tests.support.tables import shared_folder

PAGE = REPOSITORY / "docs" / "benchmarks" / "elec2.json"
MODEL = "elec"
FIRST, LATE, STEP, PAUSE, TOLD_EVERY = 5_000, 500, 100, 200, 1_000
EVERY = (1_000, 2_500)
KINDS = ("alarm", "early-warning", "recalled", "promoted", "kept", "undecided", "rolled-back")
WINDOWS: tuple[int | None, ...] = (None, 5_000, 10_000)
SPEC = {
    "name": MODEL,
    "target": "class",
    "task": "classification",
    "search": {"time_budget": 6, "estimator_list": ["lgbm"]},
}


def main() -> int:
    """Replay the stream, print the accuracies, and write them down."""
    path = shared_folder() / "elec.csv"
    if not path.exists():
        sys.stdout.write(f"Skipped: there is no {path.name} here.\n")
        return 0
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    table = np.array([line.split(",") for line in lines[1:]], dtype=np.float64)
    features, truth = table[:, :-1], table[:, -1].astype(int)
    with (
        tempfile.TemporaryDirectory() as folder,
        system(Path(folder), EVERGREEN_MONITOR_SCHEDULE="* * * * * *", EVERGREEN_CHAMPION_REFRESH_S="0.3") as running,
    ):
        run = running.train(SPEC, "\n".join(lines[: 1 + FIRST]).encode())
        answers = _replay(running, names[:-1], features, truth)
        frozen, config = _first_model(running, run["version"], names[:-1], features)
        told = _told(running)
    live = truth[FIRST:]
    oracles = {
        f"every {every:,} rows": {
            str(window or "all"): float(np.mean(_oracle(config, features, truth, every, window) == live))
            for window in WINDOWS
        }
        | {"retrainings": len(range(FIRST + every, len(truth), every))}
        for every in EVERY
    }
    found: dict[str, Any] = {
        "rows": len(live),
        "frozen": float(np.mean(frozen == live)),
        "evergreen": float(np.mean(answers == live)),
        **told,
        "retrained": oracles,
    }
    PAGE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


def _replay(
    running: System, names: list[str], features: npt.NDArray[np.float64], truth: npt.NDArray[np.int_]
) -> npt.NDArray[np.int_]:
    """The answers that the champion of each moment gave."""
    answers: list[int] = []
    ids: list[str] = []
    sent = 0
    for start in range(FIRST, len(truth), STEP):
        body = {"columns": names, "data": features[start : start + STEP].tolist()}
        scored = running.ask("POST", f"/models/{MODEL}/score", json={"dataframe_split": body})
        answers += scored["predictions"]
        ids += scored["prediction_ids"]
        due = max(0, len(ids) - LATE)
        if due > sent:
            truths = [{"id": ids[place], "truth": int(truth[FIRST + place])} for place in range(sent, due)]
            assert running.ask("POST", f"/models/{MODEL}/truth", json={"truths": truths})["refused"] == []
            sent = due
        if sent and (start + STEP - FIRST) % PAUSE == 0:
            running.wait("the monitor to see the labels", lambda sent=sent: running.labelled(MODEL) == sent)  # type: ignore[misc]
            _settle(running)
        if (start - FIRST) % TOLD_EVERY == TOLD_EVERY - STEP:
            done = len(answers)
            right = np.mean(np.array(answers[-TOLD_EVERY:]) == truth[FIRST + done - TOLD_EVERY : FIRST + done])
            sys.stdout.write(f"{done:>6} rows, the last {TOLD_EVERY} with accuracy {right:.3f}\n")
            sys.stdout.flush()
    return np.array(answers)


def _settle(running: System) -> None:
    """Wait until every run has ended and every decision on its challenger that is due has been carried out."""

    def quiet() -> bool:
        runs = running.ask("GET", f"/models/{MODEL}/runs")["runs"]
        if any(run["status"] in ("queued", "running") for run in runs):
            return False
        challenger = running.ask("GET", f"/models/{MODEL}/champion")["challenger"]
        seen = running.ask("GET", f"/models/{MODEL}/monitor")
        comparison = seen["comparison"]
        judged = comparison is not None and comparison["challenger"] == challenger and comparison["missing"] > 0
        return not seen["outbox"] and (challenger is None or judged)

    running.wait("the run and its first judgement", quiet, within_s=300)


def _first_model(
    running: System, version: str, names: list[str], features: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int_], dict[str, Any]]:
    """What the first version would have answered all along, and how it was configured."""
    registry = running.core().registry
    session = load(registry, MODEL, version)
    columns = {name: features[FIRST:, place].tolist() for place, name in enumerate(names)}
    answers = session.score(parse_columns(session.signature, columns)).labels
    return np.array(answers), registry.manifest(MODEL, version)["config"]["hyperparameters"]


def _oracle(
    config: dict[str, Any],
    features: npt.NDArray[np.float64],
    truth: npt.NDArray[np.int_],
    every: int,
    window: int | None,
) -> npt.NDArray[np.int_]:
    """The same configuration, fitted anew every so many rows on the rows whose truth has arrived."""
    make: Any = import_module("flaml.automl.model").LGBMEstimator  # so, because FLAML's annotations are partial
    answers: list[npt.NDArray[np.int_]] = []
    for start in range(FIRST, len(truth), every):
        end = max(FIRST, start - LATE)
        begin = 0 if window is None else max(0, end - window)
        model = make(task="binary", **config)
        model.fit(features[begin:end], truth[begin:end])
        answers.append(model.predict(features[start : start + every]))
    return np.concatenate(answers)


def _told(running: System) -> dict[str, int]:
    """How often the system retrained, called an earlier version back, promoted, and so on."""
    kinds = [event.kind for event in events.history(running.core().storage, MODEL)]
    return {"retrainings": kinds.count("retraining"), **{kind: kinds.count(kind) for kind in KINDS}}


if __name__ == "__main__":
    sys.exit(main())
