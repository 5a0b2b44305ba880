"""Probabilities as XGBoost computes them: every step rounded to float32.

From XGBoost's `math.h` (2.1 and 3.2). Its `expf` is the C library's, which rounds the exact value but for one in
thousands; here the exponential is taken in double and rounded once.
"""

from __future__ import annotations

import numpy as np

from automl.export.graph import Graph

_LARGEST = np.float32(88.7)
"""XGBoost's bound: `expf` of more would be infinite."""


def sigmoid_pair(graph: Graph, margin: str) -> str:
    """`[1 - p, p]` with `p = 1 / (exp(min(-margin, 88.7)) + 1 + 1e-16)`, as double [N, 2]."""
    one = graph.constant(np.float32(1))
    power = graph.op("Min", graph.op("Neg", margin), graph.constant(_LARGEST))
    second = graph.op("Div", one, graph.op("Add", _exp(graph, power), one))  # 1e-16 is lost in float32
    return graph.cast(graph.op("Concat", graph.op("Sub", one, second), second, axis=1), np.float64)


def softmax(graph: Graph, margins: str) -> str:
    """`exp(margin - largest)` by their sum, which is added up in double, as double [N, classes]."""
    axis = graph.constant(np.array([1]))
    power = _exp(graph, graph.op("Sub", margins, graph.op("ReduceMax", margins, axis, keepdims=1)))
    total = graph.op("ReduceSum", graph.cast(power, np.float64), axis, keepdims=1)
    return graph.cast(graph.op("Div", power, graph.cast(total, np.float32)), np.float64)


def _exp(graph: Graph, power: str) -> str:
    return graph.cast(graph.op("Exp", graph.cast(power, np.float64)), np.float32)
