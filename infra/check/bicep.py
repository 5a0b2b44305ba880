"""Bicep files as Python values: what they declare, with the line it stands on. Nothing is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_LANGUAGE = Language(tree_sitter_bicep.language())


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What only a deployment can evaluate: its text, and the objects that are written inside it."""

    text: str
    objects: tuple[Block, ...] = ()
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An object literal: each property's value, and the line its name stands on."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def get(self, path: str) -> Any:
        """The value at a dotted path; None where there is none."""
        value: Any = self
        for name in path.split("."):
            value = value.values.get(name) if isinstance(value, Block) else None
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource declaration. `condition` and `loop` are their texts, empty where there is none."""

    file: str
    line: int
    symbol: str
    type: str
    api: str
    existing: bool
    condition: str
    loop: str
    body: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One use of another Bicep file."""

    line: int
    symbol: str
    path: str
    condition: str
    body: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter; `default` is None where a value must be given."""

    line: int
    description: str
    default: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Everything one file declares."""

    path: str
    errors: Sequence[str]
    resources: Sequence[Resource]
    modules: Sequence[Module]
    parameters: Mapping[str, Parameter]
    variables: Mapping[str, Any]
    outputs: Mapping[str, Any]


def read(path: Path, root: Path) -> File:
    """Read one file; what cannot be parsed is listed in `errors`."""
    tree = Parser(_LANGUAGE).parse(path.read_bytes())
    name = path.relative_to(root).as_posix()
    top = tree.root_node.children
    parameters: dict[str, Parameter] = {}
    described = ""
    for node in top:
        if node.type == "decorators":
            described = _description(node)
        elif node.type == "parameter_declaration":
            value = _after_equals(node)
            parameters[_symbol(node)] = Parameter(line=_line(node), description=described, default=value)
        if node.type != "decorators":
            described = ""
    declared = {kind: [node for node in top if node.type == f"{kind}_declaration"] for kind in _KINDS}
    return File(
        path=name,
        errors=[f"{name}:{_line(node)}: cannot be parsed: {_text(node)[:60]!r}" for node in _broken(tree.root_node)],
        resources=[_resource(node, name) for node in declared["resource"]],
        modules=[_module(node) for node in declared["module"]],
        parameters=parameters,
        variables={_symbol(node): _after_equals(node) for node in declared["variable"]},
        outputs={_symbol(node): _after_equals(node) for node in declared["output"]},
    )


_KINDS = ("resource", "module", "variable", "output")


def _resource(node: Node, file: str) -> Resource:
    kind, _, api = _plain(next(child for child in node.children if child.type == "string")).partition("@")
    condition, loop, body = _body(node.children[-1])
    return Resource(
        file=file,
        line=_line(node),
        symbol=_symbol(node),
        type=kind,
        api=api,
        existing=any(child.type == "existing" for child in node.children),
        condition=condition,
        loop=loop,
        body=body,
    )


def _module(node: Node) -> Module:
    condition, _, body = _body(node.children[-1])
    path = _plain(next(child for child in node.children if child.type == "string"))
    return Module(line=_line(node), symbol=_symbol(node), path=path, condition=condition, body=body)


def _body(node: Node) -> tuple[str, str, Block]:
    """Condition, loop and object of a declaration, whatever they are wrapped in."""
    condition = loop = ""
    while node.type != "object":
        inner = [child for child in node.children if child.type in ("object", "if_statement", "for_statement")]
        if node.type == "if_statement":
            condition = _text(node.children[1])
        else:
            loop = _text(next(child for child in node.children[node.children.index(_in(node)) + 1 :]))
        node = inner[0]
    return condition, loop, _value(node)


def _in(node: Node) -> Node:
    return next(child for child in node.children if child.type == "in")


def _value(node: Node) -> Any:
    if node.type in _LITERALS and not any(child.type == "interpolation" for child in node.children):
        return _LITERALS[node.type](node)
    return Expression(text=_text(node), objects=tuple(_value(each) for each in _outermost(node)), line=_line(node))


def _block(node: Node) -> Block:
    pairs = [child for child in node.children if child.type == "object_property"]
    return Block(
        values={_plain(pair.children[0]): _value(pair.children[-1]) for pair in pairs},
        lines={_plain(pair.children[0]): _line(pair) for pair in pairs},
    )


def _outermost(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.type == "object":
            yield child
        else:
            yield from _outermost(child)


def _after_equals(node: Node) -> Any:
    for place, child in enumerate(node.children):
        if child.type == "=":
            return _value(node.children[place + 1])
    return None


def _description(node: Node) -> str:
    for decorator in node.named_children:
        call = decorator.named_children[0]
        if _text(call).startswith("description("):
            return _plain(next(child for child in call.named_children[1].named_children if child.type == "string"))
    return ""


def _symbol(node: Node) -> str:
    return _text(next(child for child in node.children if child.type == "identifier"))


def _plain(node: Node) -> str:
    text = _text(node)
    return text[1:-1].replace("\\'", "'") if text.startswith("'") else text


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _broken(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    for child in node.children:
        yield from _broken(child)


_LITERALS: Mapping[str, Callable[[Node], Any]] = {
    "string": _plain,
    "number": lambda node: int(_text(node)),
    "boolean": lambda node: _text(node) == "true",
    "null": lambda _: None,
    "array": lambda node: [_value(child) for child in node.named_children if child.type != "comment"],
    "object": _block,
}
