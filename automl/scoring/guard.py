"""What may be in a model file, checked byte by byte before onnxruntime sees it.

Only what `automl.export` writes is let in: its operators, its versions of the format, and tensors that lie in the
file and are as long as they say. Everything else is refused by name, even where it might be harmless: subgraphs,
local functions, training graphs, sparse tensors, tensors in other files, fields nobody knows. So there is nothing to
recurse into, and nothing that onnxruntime would read from the disk.

What onnxruntime allocates while it runs is bounded elsewhere (`runtime`), and shows on the golden rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from automl.errors import EvergreenError
from automl.scoring import messages, texts
from automl.scoring.wire import Malformed, fields

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

_TEXT = 8
_MAX_RANK = 8
_MAX_NAMES = 100_000
_MAX_FIELDS = 1_000_000
"""Beside long lists: 500 times those of an export of 14 columns, and at the very worst some seconds of reading."""


class Unfit(EvergreenError):
    """A stored version must not answer: it does not load, contradicts itself, or does not answer as published."""

    code = "unfit_version"


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
    """One reading of a file. Fields are not gathered, so that no file makes it hold more than the file itself."""

    def __init__(self) -> None:
        self._fields = 0

    def check(self, message: memoryview) -> None:
        version, has_graph = 0, False
        for number, whole, content in self._read(messages.MODEL, message):
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
        for number, whole, content in self._read(messages.OPSET, message):
            if number == 1:
                domain = _text(content)
            else:
                version = whole
        if OPSETS.get(domain) != version:
            wanted = " or ".join(f"version {version} of '{domain}'" for domain, version in OPSETS.items())
            raise Malformed(f"expected operators of {wanted}, got version {version} of '{domain}'")

    def _check_graph(self, message: memoryview) -> None:
        constants: set[str] = set()
        for number, _, content in self._read(messages.GRAPH, message):
            if number == 1:
                self._check_node(content)
            elif number == 5:
                name, kind = self._check_tensor(content)
                if kind == _TEXT:
                    constants.add(name)
        texts.check(lambda: self._nodes(message), constants)

    def _nodes(self, message: memoryview) -> Iterator[texts.Node]:
        """The nodes of a graph, as far as texts are concerned."""
        for number, _, node in self._read(messages.GRAPH, message):
            if number != 1:
                continue
            operator, inputs, outputs = "", list[str](), list[str]()
            for part, _, content in self._read(messages.NODE, node):
                if part == 4:
                    operator = _text(content)
                elif part in (1, 2):
                    (inputs if part == 1 else outputs).append(_text(content))
                    if len(inputs) + len(outputs) > _MAX_NAMES:
                        raise Malformed(f"a node has more than {_MAX_NAMES} inputs and outputs")
            yield texts.Node(operator, tuple(inputs), tuple(outputs))

    def _check_node(self, message: memoryview) -> None:
        names = {3: "", 4: "", 7: ""}
        for number, _, content in self._read(messages.NODE, message):
            if number in names:
                names[number] = _text(content)
            elif number == 5:
                self._check_attribute(content)
        name, operator, domain = names.values()
        if operator not in OPERATORS.get(domain, ()):
            shown = _short(f"{domain}.{operator}" if domain else operator)
            raise Malformed(f"node '{_short(name)}' is a {shown}, which is no operator that Evergreen writes")

    def _check_attribute(self, message: memoryview) -> None:
        name, number = "", 0
        for part, whole, content in self._read(messages.ATTRIBUTE, message):
            if part == 1:
                name = _text(content)
            elif part == 3:
                number = whole
            elif part == 5 and self._check_tensor(content)[1] == _TEXT:
                raise Malformed("an attribute has a tensor of texts")
        if name in ("values_strings", "default_string"):
            raise Malformed(f"an attribute is '{name}', which makes texts")
        if name == "to" and not _ITEM_BYTES.get(number):  # of Cast: text, or what would be cut off to mean text
            raise Malformed(f"a Cast makes the element type {number}, which Evergreen does not write")

    def _check_tensor(self, message: memoryview) -> tuple[str, int]:
        """Name and element type of a tensor."""
        name, kind, dims, count, raw = "", 0, list[int](), 0, 0
        for number, whole, content in self._read(messages.TENSOR, message):
            if number == 1:
                dims.append(whole)
                if len(dims) > _MAX_RANK:
                    raise Malformed(f"a tensor has more than {_MAX_RANK} dimensions")
            elif number == 2:
                kind = whole
            elif number == 6:
                count += 1
            elif number == 8:
                name = _text(content)
            elif number == 9:
                raw = len(content)
        if kind not in _ITEM_BYTES:
            raise Malformed(f"tensor '{_short(name)}' has the element type {kind}, which Evergreen does not write")
        size = _ITEM_BYTES[kind]
        given, other = (raw, count) if size else (count, raw)
        # A negative dimension is a huge one here: it has wrapped around.
        if prod(dims) * (size or 1) != given or other:
            raise Malformed(f"tensor '{_short(name)}' of the shape {dims} has {count} texts and {raw} bytes of data")
        if count > texts.MOST_CONSTANTS:
            raise Malformed(f"tensor '{_short(name)}' has more than {texts.MOST_CONSTANTS} texts")
        return name, kind

    def _read(self, form: messages.Form, message: memoryview) -> Iterator[tuple[int, int, memoryview]]:
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
