"""The smallest model there is: one number, two classes, a threshold between them; made by hand, scored for real."""

from __future__ import annotations

import io
import shutil
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from onnx import TensorProto, helper, numpy_helper

from automl.evaluation.paired import Loss
from automl.events import iso
from automl.lake.labelled import labelled_rows
from automl.run import Run
from automl.signature import Feature, Signature
from automl.spec import Spec
from automl.tensors import Tensors
from automl.training import heldout
from automl.training.baseline import baseline, wilson_upper
from automl.training.heldout import Heldout
from automl.training.labelled import read_labelled
from tests.support.memory import MemoryStorage
from tests.support.replay import Replay

SPEC = {"name": "steps", "target": "high", "task": "classification"}


def signature(*names: str, target: str = "high") -> Signature:
    """Of a model that reads these numbers, and decides by the first."""
    features = tuple(Feature(name=name, type="number") for name in names or ("x",))
    return Signature(features=features, target=target, task="classification", classes=(0, 1))


def graph(threshold: float, columns: int = 1) -> bytes:
    """ONNX of: 1 when the first number is above the threshold."""
    constants = {
        "threshold": np.array(threshold),
        "first": np.array([0]),
        "one": np.array(1.0),
    }
    nodes = [
        helper.make_node("Gather", ["num", "first"], ["x"], axis=1),
        helper.make_node("Less", ["threshold", "x"], ["is_high"]),
        helper.make_node("Cast", ["is_high"], ["p"], to=TensorProto.DOUBLE),
        helper.make_node("Sub", ["one", "p"], ["q"]),
        helper.make_node("Concat", ["q", "p"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    made = helper.make_graph(
        nodes,
        "threshold",
        [helper.make_tensor_value_info("num", TensorProto.DOUBLE, [None, columns])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, [None, 2]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def publish(
    replay: Replay,
    version: str,
    threshold: float,
    *,
    names: tuple[str, ...] = ("x",),
    target: str = "high",
    error: float = 0.05,
    holdout_rows: int = 2_000,
    run_id: str = "none",
    trained_until: str | None = None,
    labelled: dict[str, Any] | None = None,
    held: Heldout | None = None,
    trained_on: tuple[int, ...] = (),
    binned_by: npt.NDArray[np.float64] | None = None,
) -> str:
    """Publish a version with that threshold, as if its holdout had shown that error rate.

    With numbers [N, columns] to be binned by, its baseline tells the distribution of its columns, too.
    """
    empty = Heldout(
        tensors=Tensors(num=np.empty((0, len(names))), cat=np.empty((0, 0), dtype=object)),
        truth=np.empty(0, dtype=np.int64),
        hashes=np.empty(0, dtype=np.uint64),
    )
    loss = {
        "kind": "error",
        "mean": error,
        "upper": wilson_upper(error, holdout_rows),
        "clip": None,
        "n": holdout_rows,
    }
    told = {"task": "classification", "n": holdout_rows}
    if binned_by is not None:
        tensors = Tensors(num=binned_by, cat=np.empty((len(binned_by), 0), dtype=object))
        told = baseline(signature(*names, target=target), tensors, truth=[0, 1], answers=[0, 1])
    rows = io.BytesIO()
    np.save(rows, np.array(sorted(trained_on), dtype=np.uint64))
    files = {
        "model.onnx": graph(threshold, len(names)),
        "signature.json": orjson.dumps(signature(*names, target=target).to_json()),
        "baseline.json": orjson.dumps({**told, "loss": loss}),
        "golden.json": orjson.dumps([]),
        "rows.npy": rows.getvalue(),
        "holdout.npz": heldout.dump(held or empty, seed=0),
    }
    manifest = {
        "run_id": run_id,
        "spec": replay.spec.to_json(),
        "data": {"blob": "steps/table", "etag": "1", "format": "csv", "rows": 1},
        "labelled": labelled,
        "trained_until": trained_until or iso(replay.clock()),
    }
    replay.registry.publish(replay.model, version, files, manifest)
    return version


def fit(replay: Replay, run: Run) -> str:
    """A stand-in for training: the threshold that errs least on the labelled rows that are not held back."""
    assert run.labelled is not None
    hold_back = replay.spec.retrain.hold_back
    added = read_labelled(replay.storage, replay.model, signature(), run.labelled, hold_back=hold_back)
    x, truth = added.tensors.num[-500:, 0], added.target[-500:]
    errors = {step / 20: float(np.mean((x > step / 20) != truth)) for step in range(21)}
    best = min(errors, key=errors.__getitem__)
    until = added.newest or run.at
    manifest = added.to_json(run.labelled)
    error = max(errors[best], 0.05)
    return publish(replay, run.id, best, error=error, run_id=run.id, trained_until=until, labelled=manifest)


def begun(threshold: float = 0.5, *, trainer: Any = fit, **spec: Any) -> Replay:
    """A model whose first version has that threshold, and is champion."""
    replay = Replay(Spec.from_json({**SPEC, **spec}), trainer=trainer)
    replay.registry.register(replay.model, publish(replay, "v1", threshold))
    return replay


def stream(
    replay: Replay, rows: int, *, concept: float, seed: int, noise: float = 0.05, most: float = 1.0
) -> list[tuple[str, int]]:
    """Predict rows of 0 to `most` whose truth is `x > concept` but for some noise; the ids with the truths, not yet
    told."""
    rng = np.random.default_rng(seed)
    x = most * rng.random(rows)
    truth = (x > concept) ^ (rng.random(rows) < noise)
    replay.clock.advance(seconds=1)
    scored = replay.predict([{"x": float(value)} for value in x])
    return [(one, int(label)) for (one, _), label in zip(scored, truth, strict=True)]


def told(replay: Replay, rows: int, *, concept: float, seed: int) -> None:
    """Predict rows, 100 a minute, and tell the truth of each within the minute."""
    for start in range(0, rows, 100):
        truths = stream(replay, min(100, rows - start), concept=concept, seed=seed + start)
        replay.clock.advance(seconds=30)
        replay.tell(truths)
        replay.clock.advance(seconds=30)


def copied(storage: MemoryStorage) -> MemoryStorage:
    """The same blobs, messages and Delta tables in another account."""
    from automl.storage import CONTAINERS

    queues = {name: list(messages) for name, messages in storage.queues.items()}
    other = MemoryStorage(queues=queues, now=storage.now)
    for container in CONTAINERS:
        for info in storage.find(container):
            blob = storage.get(container, info.name)
            assert blob is not None
            other.put(container, info.name, blob.data)
    shutil.copytree(storage.tables().root, other.tables().root, dirs_exist_ok=True)
    return other


def count_errors(replay: Replay) -> list[float]:
    """The loss of every labelled row, by the log alone: what the monitor's numbers must agree with."""
    rows = labelled_rows(replay.storage, replay.model)
    return [float(loss) for loss in Loss(kind="error").of(rows.truths, rows.predictions)]
