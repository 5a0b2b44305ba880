"""What a model family registers, and how its converters reach skl2onnx."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType

from automl.errors import Rejected
from automl.export import ESTIMATORS
from automl.export.graph import OPSET, SCORES, Graph


class Emitted(NamedTuple):
    """Names of the tensors an estimator became.

    `result` is double [N, classes] probabilities or double [N, 1] values. The first largest of `scores`, of the shape
    of the probabilities, is the label, where that is more than the probabilities themselves say.
    """

    result: str
    scores: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Fitted estimators of one library that become ONNX by the same rules.

    Parameters
    ----------
    types
        Classes of the fitted estimators.
    emit
        `emit(graph, estimator, matrix)` appends nodes that read the tensor [N, F] named `matrix`, whose dtype is
        `reads`, or the float32 of prep. It raises `Rejected` for a model that it cannot reproduce.
    takes_nan
        Whether the library predicts rows with NaN though it saw none in training, so that the gate can compare them.
    reads
        To what the library rounds its input before it compares.
    """

    types: tuple[type, ...]
    emit: Callable[[Graph, Any, str], Emitted]
    takes_nan: bool = False
    reads: type[np.float32] | type[np.float64] = np.float64


@cache
def families() -> tuple[Family, ...]:
    """Every family, with its converters registered in skl2onnx beside skl2onnx's own."""
    modules = dict.fromkeys(["dummy", "stacking", *(estimator.module for estimator in ESTIMATORS.values())])
    found = tuple(
        family for module in modules for family in importlib.import_module(f"automl.export.{module}").FAMILIES
    )
    for family in found:
        for kind in family.types:
            alias = f"Evergreen{kind.__name__}"
            update_registered_converter(kind, alias, _shape, _converter(family), parser=_parser(alias))
    return found


def family_of(estimator_type: str) -> Family:
    """The family of an estimator's class name.

    Raises
    ------
    Rejected
        When there is none.
    """
    for family in families():
        if any(kind.__name__ == estimator_type for kind in family.types):
            return family
    known = ", ".join(kind.__name__ for family in families() for kind in family.types)
    names = ", ".join(ESTIMATORS)
    raise Rejected(
        f"Expected an estimator that can be exported ({known}), got {estimator_type}. "
        f"Take search.estimator_list from {names}."
    )


def emit_inner(graph: Graph, estimator: Any, matrix: str) -> Emitted:
    """Append an estimator inside another one.

    Parameters
    ----------
    matrix
        A tensor [N, F] of any floating dtype.
    """
    family = family_of(type(estimator).__name__)
    return family.emit(graph, estimator, graph.cast(matrix, family.reads))


def unwrapped(estimator: Any) -> Any:
    """The library's estimator inside FLAML's wrapper, or the estimator itself."""
    return estimator.estimator if hasattr(estimator, "estimator_class") else estimator


def result_name(estimator: object) -> str:
    """Name of the model's output: `probabilities` of a classifier, `value` of a regressor."""
    classifies = hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    return "probabilities" if classifies else "value"


def _parser(alias: str) -> Callable[..., Any]:
    def parse(scope: Any, estimator: Any, inputs: list[Any], custom_parsers: Any = None) -> Any:
        operator = scope.declare_local_operator(alias, estimator)
        operator.inputs = inputs
        name = result_name(estimator)
        for output in (name, SCORES) if name == "probabilities" else (name,):
            operator.outputs.append(scope.declare_local_variable(output, DoubleTensorType()))
        return operator.outputs

    return parse


def _shape(operator: Any) -> None:
    estimator = operator.raw_operator
    width = len(estimator.classes_) if result_name(estimator) == "probabilities" else 1
    for output in operator.outputs:
        output.type = DoubleTensorType([None, width])


def _converter(family: Family) -> Callable[[Any, Any, Any], None]:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        graph = Graph("model")
        emitted = family.emit(graph, operator.raw_operator, operator.inputs[0].full_name)
        answer, *scores = (output.full_name for output in operator.outputs)
        graph.rename(emitted.result, answer)
        for name in scores:
            graph.op("Identity", emitted.scores or answer, output=name)
        container.nodes.extend(graph.nodes)
        container.initializers.extend(graph.constants)
        # ai.onnx.ml is left to the target opset: skl2onnx 1.20 refuses to see a node of its version 5 declared.
        container.node_domain_version_pair_sets.add(("", OPSET))

    return convert
