"""From the sums of a classifier to probabilities, double [N, classes]."""

from __future__ import annotations

import numpy as np

from automl.export.graph import Graph


def sigmoid_pair(graph: Graph, margin: str, dtype: type[np.float32] | type[np.float64] = np.float64) -> str:
    """`[1 - p, p]` with p = sigmoid of `margin` [N, 1].

    Parameters
    ----------
    dtype
        What the library rounds its probabilities to. The sigmoid is computed in double either way.
    """
    second = graph.op("Sigmoid", graph.cast(margin, np.float64))
    if dtype is np.float32:
        second = graph.cast(second, np.float32)
    first = graph.op("Sub", graph.constant(dtype(1)), second)
    return graph.cast(graph.op("Concat", first, second, axis=1), np.float64)


def softmax(graph: Graph, margins: str, dtype: type[np.float32] | type[np.float64] = np.float64) -> str:
    """Softmax of `margins` [N, classes], rounded to `dtype`."""
    result = graph.op("Softmax", graph.cast(margins, np.float64), axis=1)
    if dtype is np.float32:
        result = graph.cast(graph.cast(result, np.float32), np.float64)
    return result
