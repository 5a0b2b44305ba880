"""What may be in a model file, checked byte by byte before onnxruntime sees it.

Only what `automl.export` writes is let in: its operators, its versions of the format, and tensors that lie in the
file and are as long as they say. Everything else is refused by name, even where it might be harmless: subgraphs,
local functions, training graphs, sparse tensors, tensors in other files, fields nobody knows. So there is nothing to
recurse into, and nothing that onnxruntime would read from the disk. Numbers of fields are those of `onnx.proto`
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

What onnxruntime allocates while it runs is bounded elsewhere (`runtime`), and shows on the golden rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from automl.errors import EvergreenError
from automl.scoring.wire import BYTES, FIXED32, VARINT, Malformed, fields

IR_VERSION = 10
OPSETS = {"": 21, "ai.onnx.ml": 5}
"""Versions of the format and of each set of operators. Where a newer one is exported, both must be let in here."""

OPERATORS = {
    "": frozenset(
        {
            "Add", "ArgMax", "Cast", "Clip", "Concat", "Div", "Equal", "Exp", "Expand", "Floor", "Gather", "Gemm",
            "Identity", "IsNaN", "Less", "Min", "Mod", "Mul", "Neg", "ReduceL2", "ReduceMax", "ReduceSum", "Shape",
            "Sigmoid", "Softmax", "StringConcat", "Sub", "Where",
        }
    ),
    "ai.onnx.ml": frozenset({"LabelEncoder", "TreeEnsemble"}),
}  # fmt: skip
"""What the exporters emit, by domain; a test exports every estimator and finds each of these and no other."""

_ITEM_BYTES = {1: 4, 2: 1, 7: 8, 8: 0, 11: 8}
"""Size of an element by `TensorProto.DataType`: float, uint8, int64, text (which has no size), double."""

_MAX_RANK = 8
_MAX_FIELDS = 10_000_000
"""More than the categories of 200 columns with as many as prep keeps (50,000); some seconds of reading."""


class Unfit(EvergreenError):
    """A stored version must not answer: it does not load, contradicts itself, or does not answer as published."""

    code = "unfit_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
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


_MODEL = _Form(
    name="the model",
    once={1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES},
    many={8: BYTES, 14: BYTES},
    refused={20: "training graphs", 25: "local functions", 26: "device configurations"},
)
_OPSET = _Form(name="an opset import", once={1: BYTES, 2: VARINT})
_GRAPH = _Form(
    name="the graph",
    once={2: BYTES, 10: BYTES},
    many={1: BYTES, 5: BYTES, 11: BYTES, 12: BYTES, 13: BYTES},
    refused={14: "quantization annotations", 15: "sparse tensors", 16: "metadata"},
)
_NODE = _Form(
    name="a node",
    once={3: BYTES, 4: BYTES, 6: BYTES, 7: BYTES},
    many={1: BYTES, 2: BYTES, 5: BYTES},
    refused={8: "an overload of a local function", 9: "metadata", 10: "device configurations"},
)
_ATTRIBUTE = _Form(
    name="an attribute",
    once={1: BYTES, 2: FIXED32, 3: VARINT, 4: BYTES, 5: BYTES, 13: BYTES, 20: VARINT},
    many={8: VARINT, 9: BYTES},
    refused={
        6: "a subgraph", 7: "floats", 10: "tensors", 11: "subgraphs", 14: "a type", 15: "types",
        21: "a reference to an attribute of a function", 22: "a sparse tensor", 23: "sparse tensors",
    },
    unread=frozenset({8, 9}),
)  # fmt: skip
_TENSOR = _Form(
    name="a tensor",
    once={2: VARINT, 8: BYTES, 9: BYTES, 12: BYTES},
    many={1: VARINT, 6: BYTES},
    refused={
        3: "a segment", 4: "floats beside its raw data", 5: "integers beside its raw data",
        7: "integers beside its raw data", 10: "doubles beside its raw data", 11: "integers beside its raw data",
        13: "data in another file", 14: "a data location", 16: "metadata",
    },
)  # fmt: skip


def check(onnx: bytes) -> None:
    """Let a model file pass, or refuse it.

    Raises
    ------
    Unfit
        Saying what was found and what is let in.
    """
    try:
        _Reading().check(memoryview(onnx))
    except Malformed as error:
        raise Unfit(f"The file is no ONNX model that Evergreen wrote: {error}.") from error


class _Reading:
    """One pass over a file. Nothing of it is kept, so that no file makes it hold more than the file itself."""

    def __init__(self) -> None:
        self._fields = 0

    def check(self, message: memoryview) -> None:
        version, has_graph = 0, False
        for number, whole, content in self._read(_MODEL, message):
            if number == 1:
                version = whole
            elif number == 7:
                has_graph = True
                self._check_graph(content)
            elif number == 8:
                self._check_opset(content)
        if version != IR_VERSION or not has_graph:
            raise Malformed(f"expected a graph of IR version {IR_VERSION}, got IR version {version}")

    def _check_opset(self, message: memoryview) -> None:
        domain, version = "", 0
        for number, whole, content in self._read(_OPSET, message):
            if number == 1:
                domain = _text(content)
            else:
                version = whole
        if OPSETS.get(domain) != version:
            wanted = " or ".join(f"version {version} of '{domain}'" for domain, version in OPSETS.items())
            raise Malformed(f"expected operators of {wanted}, got version {version} of '{domain}'")

    def _check_graph(self, message: memoryview) -> None:
        for number, _, content in self._read(_GRAPH, message):
            if number == 1:
                self._check_node(content)
            elif number == 5:
                self._check_tensor(content)

    def _check_node(self, message: memoryview) -> None:
        names = {3: "", 4: "", 7: ""}
        for number, _, content in self._read(_NODE, message):
            if number in names:
                names[number] = _text(content)
            elif number == 5:
                for part, _, inner in self._read(_ATTRIBUTE, content):
                    if part == 5:
                        self._check_tensor(inner)
        name, operator, domain = names.values()
        if operator not in OPERATORS.get(domain, ()):
            shown = _short(f"{domain}.{operator}" if domain else operator)
            raise Malformed(f"node '{_short(name)}' is a {shown}, which is no operator that Evergreen writes")

    def _check_tensor(self, message: memoryview) -> None:
        name, kind, dims, texts, raw = "", 0, list[int](), 0, 0
        for number, whole, content in self._read(_TENSOR, message):
            if number == 1:
                dims.append(whole)
                if len(dims) > _MAX_RANK:
                    raise Malformed(f"a tensor has more than {_MAX_RANK} dimensions")
            elif number == 2:
                kind = whole
            elif number == 6:
                texts += 1
            elif number == 8:
                name = _short(_text(content))
            elif number == 9:
                raw = len(content)
        if kind not in _ITEM_BYTES:
            raise Malformed(f"tensor '{name}' has the element type {kind}, which Evergreen does not write")
        size = _ITEM_BYTES[kind]
        given, other = (raw, texts) if size else (texts, raw)
        # A negative dimension is a huge one here: it has wrapped around.
        if prod(dims) * (size or 1) != given or other:
            raise Malformed(f"tensor '{name}' of the shape {dims} has {texts} texts and {raw} bytes of data")

    def _read(self, form: _Form, message: memoryview) -> Iterator[tuple[int, int, memoryview]]:
        """Number, whole number and bytes of the fields of a message, each known and of its type."""
        seen: set[int] = set()
        for number, kind, whole, content in fields(message, form.unread):
            self._fields += 1
            if self._fields > _MAX_FIELDS:
                raise Malformed(f"it has more than {_MAX_FIELDS} fields")
            wanted = form.once.get(number, form.many.get(number))
            if wanted is None:
                raise Malformed(f"{form.name} has {form.refused.get(number, f'a field {number}')}")
            if kind != wanted:
                raise Malformed(f"field {number} of {form.name} has the wire type {kind} instead of {wanted}")
            if number in form.once:
                if number in seen:
                    raise Malformed(f"{form.name} has its field {number} twice")
                seen.add(number)
            yield number, whole, content


def _text(content: memoryview) -> str:
    return str(content, "utf-8", "backslashreplace")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
