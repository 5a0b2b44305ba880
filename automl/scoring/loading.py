"""From the files of a version in storage to a session that has shown that it answers as published."""

from __future__ import annotations

import time
from collections.abc import Callable

import orjson

from automl.log.redaction import Redaction
from automl.registry import Registry
from automl.scoring import golden, runtime
from automl.scoring.guard import Unfit
from automl.scoring.session import ModelSession
from automl.settings import Settings
from automl.signature import Signature
from automl.storage import Oversized
from automl.tensors import Tensors

_FILES = ("model.onnx", "signature.json", "golden.json")
_QUICK_NS = 1_000_000
_TRIAL_ROWS = 32
_TRIALS = 3


def load(
    registry: Registry,
    model: str,
    version: str,
    *,
    max_bytes: int = Settings().max_model_bytes,
    redaction: Redaction | None = None,
) -> ModelSession:
    """A stored version, checked: sizes, hashes, what is in the graph, signature against graph, and every golden row.

    Parameters
    ----------
    max_bytes
        Largest file of a version. A larger one is not read.
    redaction
        As a session has it.

    Raises
    ------
    Unfit, Corrupt, NotFound
        The version must not answer.
    Unavailable
        Storage could not be read; the version may be sound.
    """
    name = f"Version '{version}' of model '{model}'"
    try:
        manifest, (onnx, text, answers) = registry.files(model, version, _FILES, at_most=max_bytes)
    except Oversized as error:
        raise Unfit(f"{name} is too large to be served: {error} EVERGREEN_MAX_MODEL_BYTES sets the limit.") from error
    try:
        signature, published = Signature.from_json(orjson.loads(text)), orjson.loads(answers)
        key = manifest.get("spec", {}).get("columns", {}).get("key")
        session = ModelSession(model, version, onnx, signature, key=key, redaction=redaction)
        difference = golden.difference(session, published)
        if difference is None and published:
            session.quick_rows = quick_rows(session, golden.tensors(session, published[0]), time.perf_counter_ns)
    except (KeyError, TypeError, ValueError) as error:  # files of another format than this program's
        raise Unfit(f"{name} cannot be read: {error!r}.") from error
    if difference is not None:
        raise Unfit(f"{name} does not answer as published: {difference}.")
    del onnx, text, answers
    runtime.give_back()
    return session


def quick_rows(session: ModelSession, row: Tensors, timer_ns: Callable[[], int]) -> int:
    """How many rows a session scores in about a millisecond; 0 where one takes longer.

    The best of a few trials: other threads can make a trial longer, nothing makes one shorter.

    Parameters
    ----------
    row
        A row of the model; repeated, since a batch takes less for each row than one row alone.
    """
    rows = Tensors(num=row.num[:1].repeat(_TRIAL_ROWS, axis=0), cat=row.cat[:1].repeat(_TRIAL_ROWS, axis=0))
    taken_ns: list[int] = []
    for _ in range(_TRIALS):
        begin = timer_ns()
        session.score(rows)
        taken_ns.append(timer_ns() - begin)
    return _TRIAL_ROWS * _QUICK_NS // max(min(taken_ns), 1)
