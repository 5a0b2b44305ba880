"""What a model family registers, and how its converters reach skl2onnx."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType

from automl.errors import Rejected
from automl.export import ESTIMATORS
from automl.export.graph import OPSET, Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Fitted estimators of one library that become ONNX by the same rules.

    Parameters
    ----------
    types
        Classes of the fitted estimators.
    emit
        `emit(graph, estimator, matrix)` appends nodes that read the float32 [N, F] tensor named `matrix` and returns
        the name of double [N, classes] probabilities or double [N, 1] values. It raises `Rejected` for a model that
        it cannot reproduce.
    takes_nan
        Whether the library predicts rows with NaN though it saw none in training, so that the gate can compare them.
    """

    types: tuple[type, ...]
    emit: Callable[[Graph, Any, str], str]
    takes_nan: bool = False


@cache
def families() -> tuple[Family, ...]:
    """Every family, with its converters registered in skl2onnx beside skl2onnx's own."""
    modules = dict.fromkeys(estimator.module for estimator in ESTIMATORS.values())
    found = tuple(importlib.import_module(f"automl.export.{module}").FAMILY for module in modules)
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


def result_name(estimator: object) -> str:
    """Name of the model's output: `probabilities` of a classifier, `value` of a regressor."""
    return "probabilities" if hasattr(estimator, "predict_proba") else "value"


def _parser(alias: str) -> Callable[..., Any]:
    def parse(scope: Any, estimator: Any, inputs: list[Any], custom_parsers: Any = None) -> Any:
        operator = scope.declare_local_operator(alias, estimator)
        operator.inputs = inputs
        operator.outputs.append(scope.declare_local_variable(result_name(estimator), DoubleTensorType()))
        return operator.outputs

    return parse


def _shape(operator: Any) -> None:
    estimator = operator.raw_operator
    width = len(estimator.classes_) if result_name(estimator) == "probabilities" else 1
    operator.outputs[0].type = DoubleTensorType([None, width])


def _converter(family: Family) -> Callable[[Any, Any, Any], None]:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        graph = Graph("model")
        result = family.emit(graph, operator.raw_operator, operator.inputs[0].full_name)
        graph.op("Identity", result, output=operator.outputs[0].full_name)
        container.nodes.extend(graph.nodes)
        container.initializers.extend(graph.constants)
        # ai.onnx.ml is left to the target opset: skl2onnx 1.20 refuses to see a node of its version 5 declared.
        container.node_domain_version_pair_sets.add(("", OPSET))

    return convert
