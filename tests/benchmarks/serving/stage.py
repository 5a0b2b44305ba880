"""What every part measures on: a storage emulator with the published model, and the contenders' files."""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib

from automl import bootstrap
from automl.training.infer import Inferred
from tests.benchmarks.serving import census, model
from tests.benchmarks.serving.bodies import Bodies, bodies_of, rows_of
from tests.benchmarks.serving.model import Version
from tests.benchmarks.serving.servers import serving_environ
from tests.support.azurite import azurite

SIZES = {1: 256, 100: 16, 1000: 4}
"""Rows a body, and how many bodies of that size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A folder that goes away, an Azurite, and the model in both.

    Parameters
    ----------
    folder
        `model.onnx`, `columns.json` and `pipeline.joblib` for the contenders that know no storage, and the bodies.
    table
        What the model was trained on, in words.
    bodies
        By their number of rows.
    """

    folder: Path
    connection: str
    table: str
    understood: Inferred
    version: Version
    bodies: dict[int, Bodies]

    def core(self) -> bootstrap.Core:
        """Registry and storage as a serving process sees them."""
        return bootstrap.from_environ(serving_environ(self.connection))

    def bodies_file(self, rows: int) -> Path:
        """The bodies of so many rows, as the load generator reads them."""
        return self.folder / f"bodies-{rows}.json"


@contextmanager
def staged() -> Iterator[Stage]:
    """Make the model, publish it on an Azurite of its own, and write the contenders' files."""
    name, csv = census.table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM warns of feature names that nobody uses
        understood = model.understood(csv)
        version, pickled = model.make(understood), model.by_hand(csv)
        rows, session, pipeline = rows_of(csv), version.session(), joblib.load(io.BytesIO(pickled))
        bodies = {size: bodies_of(rows, size, count, session, pipeline) for size, count in SIZES.items()}
    with tempfile.TemporaryDirectory(prefix="bench-") as path, azurite() as connection:
        stage = Stage(
            folder=Path(path),
            connection=connection,
            table=name,
            understood=understood,
            version=version,
            bodies=bodies,
        )
        version.publish(stage.core().registry, "measured")
        _write(stage, pickled)
        yield stage


def _write(stage: Stage, pickled: bytes) -> None:
    (stage.folder / "model.onnx").write_bytes(stage.version.onnx)
    (stage.folder / "pipeline.joblib").write_bytes(pickled)
    signature = stage.version.signature
    columns = {
        "num": [each.name for each in signature.numbers],
        "cat": [each.name for each in signature.categories],
    }
    (stage.folder / "columns.json").write_text(json.dumps(columns), encoding="utf-8")
    for size, found in stage.bodies.items():
        texts = json.dumps([body.decode() for body in found.bodies])
        stage.bodies_file(size).write_text(texts, encoding="utf-8")
