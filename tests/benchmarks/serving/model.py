"""The measured model: LightGBM, 300 trees of 31 leaves, exported as training exports it, and once more by hand."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from automl.export.build import build
from automl.export.prep import Prep
from automl.registry import Registry
from automl.scoring.session import ModelSession
from automl.signature import Signature
from automl.spec import Spec
from automl.tensors import Tensors
from automl.training.dataset import read_table
from automl.training.examples import golden
from automl.training.infer import Inferred, describe, infer
from automl.training.split import kind_for, split
from tests.benchmarks.serving import MODEL
from tests.benchmarks.serving.census import NUMBERS, TARGET, TEXTS

TREES, LEAVES = 300, 31


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Version:
    """One exported model with what is published beside it, and the rows it was not trained on."""

    signature: Signature
    onnx: bytes
    files: dict[str, bytes]
    holdout: Tensors

    def session(self) -> ModelSession:
        """This version in memory, as serving holds it."""
        return ModelSession(MODEL, "measured", self.onnx, self.signature)

    def publish(self, registry: Registry, version: str, *, model: str = MODEL, onnx: bytes | None = None) -> None:
        """Store and register it as a run does: the first becomes champion, a later one challenger."""
        manifest = {
            "format": 1,
            "model": model,
            "version": version,
            "run_id": f"{version}-run",
            "spec": {"columns": {}},
        }
        registry.publish(model, version, {**self.files, "model.onnx": onnx or self.onnx}, manifest)
        registry.register(model, version)


def understood(csv: bytes) -> Inferred:
    """The table as training reads it."""
    spec = Spec.from_json({"name": MODEL, "target": TARGET, "task": "classification"})
    return infer(read_table(csv, "csv"), spec)


def make(found: Inferred, *, trees: int = TREES, leaves: int = LEAVES, seed: int = 0) -> Version:
    """Fit, export and describe one version.

    Parameters
    ----------
    trees, leaves
        Size of the model; the measured one has 300 × 31.
    seed
        Of the bagging, so that two versions of one size answer differently.
    """
    target: npt.NDArray[Any] = found.target.values
    spec = Spec.from_json({"name": MODEL, "target": TARGET, "task": "classification"})
    parts = split(kind_for(spec, found.signature.task), target, holdout=0.2, seed=0)
    train, holdout = found.tensors[parts.train], found.tensors[parts.holdout]
    signature = describe(found.signature, train)
    prep = Prep.fit(signature, train)
    model = _lightgbm(trees, leaves, seed)
    model.fit(prep.transform(train).astype(np.float64), target[parts.train])
    onnx = build(prep, model, signature, signature.classes)
    examples, _ = golden(ModelSession(MODEL, "measured", onnx, signature), holdout)
    files = {
        "model.onnx": onnx,
        "signature.json": orjson.dumps(signature.to_json()),
        "golden.json": orjson.dumps(examples),
        "metrics.json": orjson.dumps({"metric": "roc_auc", "holdout": {}}),
    }
    return Version(signature=signature, onnx=onnx, files=files, holdout=holdout)


def by_hand(csv: bytes) -> bytes:
    """The same model as people pickle it: a scikit-learn pipeline over a DataFrame, by joblib.

    One thread, since one row has nothing to share out; encoded as integers, which is the fastest of the usual ways.
    """
    frame = pd.read_csv(io.BytesIO(csv), keep_default_na=False, na_values={name: [""] for name in NUMBERS})
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("texts", encoder, list(TEXTS))], remainder="passthrough")
    pipeline = Pipeline([("columns", columns), ("model", _lightgbm(TREES, LEAVES, 0))])
    pipeline.set_output(transform="pandas")
    pipeline.fit(frame[[*NUMBERS, *TEXTS]], frame[TARGET])
    sink = io.BytesIO()
    joblib.dump(pipeline, sink)
    return sink.getvalue()


def _lightgbm(trees: int, leaves: int, seed: int) -> LGBMClassifier:
    return LGBMClassifier(
        n_estimators=trees,
        num_leaves=leaves,
        learning_rate=0.05,
        subsample=0.8,
        subsample_freq=1,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    )
