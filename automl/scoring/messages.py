"""The messages of an ONNX file, and which of their fields the exporters write.

Numbers are those of `onnx.proto` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from automl.scoring.wire import BYTES, FIXED32, VARINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a message may hold: numbers of its fields and their wire types.

    Parameters
    ----------
    once, many
        Fields that come at most once (protobuf would merge several), and those that may repeat.
    refused
        Names of fields that ONNX has and the exporters do not write.
    unread
        Of `many`, those whose values do not matter.
    """

    name: str
    once: dict[int, int]
    many: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    unread: frozenset[int] = frozenset()


MODEL = Form(
    name="the model",
    once={1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES},
    many={8: BYTES, 14: BYTES},
    refused={20: "training graphs", 25: "local functions", 26: "device configurations"},
)
OPSET = Form(name="an opset import", once={1: BYTES, 2: VARINT})
GRAPH = Form(
    name="the graph",
    once={2: BYTES, 10: BYTES},
    many={1: BYTES, 5: BYTES, 11: BYTES, 12: BYTES, 13: BYTES},
    refused={14: "quantization annotations", 15: "sparse tensors", 16: "metadata"},
)
NODE = Form(
    name="a node",
    once={3: BYTES, 4: BYTES, 6: BYTES, 7: BYTES},
    many={1: BYTES, 2: BYTES, 5: BYTES},
    refused={8: "an overload of a local function", 9: "metadata", 10: "device configurations"},
)
ATTRIBUTE = Form(
    name="an attribute",
    once={1: BYTES, 2: FIXED32, 3: VARINT, 4: BYTES, 5: BYTES, 13: BYTES, 20: VARINT},
    many={8: VARINT, 9: BYTES},
    refused={
        6: "a subgraph", 7: "floats", 10: "tensors", 11: "subgraphs", 14: "a type", 15: "types",
        21: "a reference to an attribute of a function", 22: "a sparse tensor", 23: "sparse tensors",
    },
    unread=frozenset({8, 9}),
)  # fmt: skip
TENSOR = Form(
    name="a tensor",
    once={2: VARINT, 8: BYTES, 9: BYTES, 12: BYTES},
    many={1: VARINT, 6: BYTES},
    refused={
        3: "a segment", 4: "floats beside its raw data", 5: "integers beside its raw data",
        7: "integers beside its raw data", 10: "doubles beside its raw data", 11: "integers beside its raw data",
        13: "data in another file", 14: "a data location", 16: "metadata",
    },
)  # fmt: skip
