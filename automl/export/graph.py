"""A list of ONNX nodes that grows: the one way this package writes ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 21
ML_OPSET = 5
IR_VERSION = 10
"""Read by onnxruntime 1.21 and later: the first with `TreeEnsemble` 5."""

ML_DOMAIN = "ai.onnx.ml"

SCORES = "scores"
"""Name of the tensor [N, classes] whose first largest column is the label."""

META = "meta"
"""Name of the double tensor that the final estimator of a stack reads."""

_ML_OPERATORS = frozenset({"LabelEncoder", "TreeEnsemble"})


class Graph:
    """Nodes and constants under construction, with names of their own.

    Parameters
    ----------
    prefix
        Starts every generated name, so that graphs can be joined without renaming.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: npt.ArrayLike | npt.NDArray[Any]) -> str:
        """The name of a tensor holding `value`, with its dtype; text must come as an object array."""
        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def op(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append a node with one output and return the name of that output."""
        name = f"{self.prefix}/{operator}_{len(self.nodes)}"
        result = output or name
        domain = ML_DOMAIN if operator in _ML_OPERATORS else ""
        node = helper.make_node(operator, list(inputs), [result], name=name, domain=domain)
        node.attribute.extend(_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return result

    def cast(self, tensor: str, dtype: type[np.generic], output: str | None = None) -> str:
        """The tensor as `dtype`."""
        return self.op("Cast", tensor, output=output, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def rename(self, tensor: str, name: str) -> None:
        """Give what a node makes another name, wherever it is read; a copy under that name would be a node more.

        Raises
        ------
        KeyError
            When no node makes it.
        """
        if all(tensor not in node.output for node in self.nodes):
            raise KeyError(tensor)
        for node in self.nodes:
            for names in (node.input, node.output):
                for place, given in enumerate(names):
                    if given == tensor:
                        names[place] = name

    def model(self, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> ModelProto:
        """The nodes as a whole model."""
        graph = helper.make_graph(self.nodes, self.prefix, inputs, outputs, initializer=self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def declare(name: str, dtype: type[np.generic] | type[str], width: int | str | None) -> ValueInfoProto:
    """A tensor of the graph: [N, width], or [N] when `width` is None. A text names a width that is not known."""
    kind = TensorProto.STRING if dtype is str else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, ["rows"] if width is None else ["rows", width])


def _attribute(name: str, value: Any) -> AttributeProto:
    # helper.make_attribute looks at every element of a list: seconds for the millions of nodes of a forest.
    if isinstance(value, np.ndarray):
        return AttributeProto(name=name, type=AttributeProto.INTS, ints=value.tolist())
    return helper.make_attribute(name, value)
