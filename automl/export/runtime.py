"""onnxruntime as the scoring path uses it: one thread, CPU, rows in bounded batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

BATCH_ROWS = 4096
"""Rows a call; a forest holds one number per tree and row while it runs."""


def session(model: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread, whose sums therefore run in the order of the trees."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model: onnxruntime.InferenceSession, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Every output of the model for all rows, by name.

    Parameters
    ----------
    inputs
        Arrays [N, ...] by name; names the model does not take are left out.
    """
    wanted = [given.name for given in model.get_inputs()]
    outputs = [output.name for output in model.get_outputs()]
    rows = len(next(iter(inputs.values())))
    parts = [
        model.run(outputs, {name: inputs[name][start : start + BATCH_ROWS] for name in wanted})
        for start in range(0, max(rows, 1), BATCH_ROWS)
    ]
    return {name: np.concatenate(columns) for name, columns in zip(outputs, zip(*parts, strict=True), strict=True)}
