"""Where text may go in a graph: onnxruntime bounds the number of texts it allocates, not their length.

Two nodes that double a text are enough to ask for gigabytes. The exporters join the number of its column to each
category, once, look the result up, and pick the label out of the classes. No text goes any other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import NamedTuple

from automl.scoring.wire import Malformed

INPUT = "cat"
"""The graph's input of text."""

MOST_CONSTANTS = 100_000
"""Texts in one tensor of a graph: columns, or classes."""

_JOIN, _LOOK_UP, _PICK = "StringConcat", "LabelEncoder", "Gather"


class Node(NamedTuple):
    """What a node does, and the names of what it reads and gives."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def check(nodes: Callable[[], Iterable[Node]], constants: Set[str]) -> None:
    """Follow the text of a graph.

    Parameters
    ----------
    nodes
        Gives the nodes, each time it is called; in any order.
    constants
        Names of tensors of text in the file.

    Raises
    ------
    Malformed
        When a text goes where no exporter sends it.
    """
    joined = _outputs(_JOIN, (node for node in nodes() if node.operator == _JOIN))
    picked = _outputs(_PICK, (node for node in nodes() if _is_pick(node, constants)))
    for node in nodes():
        for name in node.inputs:
            if name in picked:
                raise Malformed(f"a {node.operator} reads the label")
            if name in joined and node.operator != _LOOK_UP:
                raise Malformed(f"a {node.operator} reads texts that have been joined")
            if (name == INPUT or name in constants) and not (
                node.operator in (_JOIN, _LOOK_UP) or (_is_pick(node, constants) and name == node.inputs[0])
            ):
                raise Malformed(f"a {node.operator} reads texts")


def _is_pick(node: Node, constants: Set[str]) -> bool:
    return node.operator == _PICK and node.inputs[:1] != () and node.inputs[0] in constants


def _outputs(operator: str, nodes: Iterable[Node]) -> frozenset[str]:
    """The outputs of a node of which there may be one."""
    found: frozenset[str] | None = None
    for node in nodes:
        if found is not None:
            raise Malformed(f"more than one {operator} makes texts")
        found = frozenset(node.outputs)
    return found or frozenset()
