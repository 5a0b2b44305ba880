"""From the sums of a classifier to probabilities, double [N, classes]."""

from __future__ import annotations

import numpy as np

from automl.export.graph import Graph


def sigmoid(graph: Graph, scores: str) -> str:
    """Sigmoid of each score, in double."""
    return graph.op("Sigmoid", graph.cast(scores, np.float64))


def exact_sigmoid(graph: Graph, scores: str) -> str:
    """`1 / (1 + exp(-score))` in double. onnxruntime's own operator is 0 below -37, and shares need a ratio."""
    one = graph.constant(np.float64(1))
    return graph.op("Div", one, graph.op("Add", one, graph.op("Exp", graph.op("Neg", scores))))


def hubered(graph: Graph, scores: str) -> str:
    """`(clip(score, -1, 1) + 1) / 2`, in double."""
    clipped = graph.op("Clip", scores, graph.constant(np.float64(-1)), graph.constant(np.float64(1)))
    return graph.op("Div", graph.op("Add", clipped, graph.constant(np.float64(1))), graph.constant(np.float64(2)))


def pair(graph: Graph, second: str) -> str:
    """`[1 - p, p]` with p = `second`, double [N, 1]."""
    return graph.op("Concat", graph.op("Sub", graph.constant(np.float64(1)), second), second, axis=1)


def sigmoid_pair(graph: Graph, margin: str) -> str:
    """`[1 - p, p]` with p = sigmoid of `margin` [N, 1]."""
    return pair(graph, sigmoid(graph, margin))


def beside_zero(graph: Graph, scores: str) -> str:
    """`[0, score]`, of which the second is the larger one exactly when `scores` [N, 1] is positive."""
    return graph.op("Concat", graph.op("Sub", scores, scores), scores, axis=1)


def softmax(graph: Graph, margins: str) -> str:
    """Softmax of `margins` [N, classes], in double."""
    return graph.op("Softmax", graph.cast(margins, np.float64), axis=1)


def shares(graph: Graph, parts: str, classes: int) -> str:
    """Each of `parts` [N, classes] by their sum; equal shares where the sum is zero."""
    total = graph.op("ReduceSum", parts, graph.constant(np.array([1])), keepdims=1)
    none = graph.op("Equal", total, graph.constant(np.float64(0)))
    one, count = graph.constant(np.float64(1)), graph.constant(np.float64(classes))
    return graph.op("Div", graph.op("Where", none, one, parts), graph.op("Where", none, count, total))
