"""From a path and a method to a function: a tree of segments, walked in the order ASP.NET Core prefers.

A literal segment is tried before a constrained parameter, that before a plain one, and `{*rest}` last. Literals
compare without case. A tree and not a list of regular expressions, so that the cost does not grow with the routes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from infra.local.host.errors import Refused
from infra.local.host.functions import Function, HttpTrigger

_REMEMBERED = 1000
"""Paths whose function is remembered: nearly all requests go to a few of them."""

ANY = "*"
"""The method of a function that declares none."""

_CONSTRAINTS: Mapping[str, Callable[[str], object]] = {
    "int": re.compile(r"[+-]?\d{1,10}").fullmatch,
    "long": re.compile(r"[+-]?\d{1,19}").fullmatch,
    "bool": re.compile(r"(?i:true|false)").fullmatch,
    "alpha": re.compile(r"[A-Za-z]+").fullmatch,
    "guid": re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}").fullmatch,
    "": bool,
}
"""In the order they are tried: a parameter without a constraint comes last."""
_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)(?::(\w+))?(\?)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameter:
    name: str
    constraint: str = ""
    optional: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """A function and the names of the parameters on the way to it."""

    function: Function
    names: tuple[str, ...]


_Leaves = dict[str, _Leaf]
"""By method; two routes that differ only in the names of their parameters meet in one such table."""


@dataclass(slots=True)
class _Node:
    """Everything that may follow one path. Parameters are told apart by their constraint."""

    leaves: _Leaves = field(default_factory=dict)
    literals: dict[str, _Node] = field(default_factory=dict)
    parameters: dict[str, _Node] = field(default_factory=dict)
    rest: _Leaves = field(default_factory=dict)


class Routes:
    """The routes of one app.

    Parameters
    ----------
    functions
        The app's functions; those without an HTTP trigger are passed over.
    prefix
        `routePrefix` of host.json, without slashes.

    Raises
    ------
    Refused
        For a route this host cannot honour, and for two functions that answer the same requests.
    """

    def __init__(self, functions: list[Function], prefix: str) -> None:
        self._root = _Node()
        self._found: dict[tuple[str, str], tuple[Function, dict[str, str]]] = {}
        problems: list[str] = []
        for function in functions:
            if isinstance(function.trigger, HttpTrigger):
                try:
                    self._add(function, function.trigger, prefix)
                except Refused as refused:
                    problems.extend(f"Function {function.name}: {problem}" for problem in refused.problems)
        if problems:
            raise Refused(problems)

    def find(self, path: str, method: str) -> tuple[Function, dict[str, str]] | None:
        """The function that answers, and the values of its parameters; None when none does.

        `path` is as it came; values come out decoded but for `%2F`, which Azure, too, leaves as it is.
        """
        found = self._found.get((path, method))
        if found is None:
            found = self._look_up(path, method)
            if found is None:
                return None
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[path, method] = found
        function, parameters = found
        return function, parameters.copy()

    def methods(self, path: str) -> list[str]:
        """The methods that some function answers at a path; empty when there is nothing at all."""
        return sorted({method for leaves in _walk(self._root, _segments(path), 0, []) for method in leaves})

    def _look_up(self, path: str, method: str) -> tuple[Function, dict[str, str]] | None:
        values: list[str] = []
        for leaves in _walk(self._root, _segments(path), 0, values):
            if leaf := leaves.get(method) or leaves.get(ANY):
                return leaf.function, dict(zip(leaf.names, values, strict=False))
        return None

    def _add(self, function: Function, trigger: HttpTrigger, prefix: str) -> None:
        route = trigger.route.strip("/")
        segments = [part for part in f"{prefix}/{route}".split("/") if part]
        if route.lower().startswith(("admin", "runtime")):
            raise Refused([f"the route {route!r} begins with admin or runtime, which Functions keeps for itself."])
        parsed = [_parse(part, route) for part in segments]
        names = tuple(part.name for part in parsed if isinstance(part, _Parameter))
        node = self._root
        for at, part in enumerate(parsed):
            if isinstance(part, str):
                node = node.literals.setdefault(part.lower(), _Node())
                continue
            if (part.optional or part.rest) and at < len(parsed) - 1:
                raise Refused([f"the route {route!r} goes on after {segments[at]!r}; only the last may be optional."])
            if part.rest:
                _register(node.rest, function, trigger, names)
                return
            if part.optional:
                _register(node.leaves, function, trigger, names)
            node = node.parameters.setdefault(part.constraint, _Node())
        _register(node.leaves, function, trigger, names)


def _parse(segment: str, route: str) -> str | _Parameter:
    if "{" not in segment and "}" not in segment:
        return segment
    match = _PARAMETER.fullmatch(segment)
    if match is None:
        raise Refused(
            [
                f"the route {route!r} has the segment {segment!r}; the local host supports a whole segment that is "
                "{name}, {name:constraint}, {name?} or {*rest}."
            ]
        )
    stars, name, constraint, optional = match.groups()
    if constraint and (constraint not in _CONSTRAINTS or stars):
        raise Refused(
            [
                f"the route {route!r} has the constraint {constraint!r} in {segment!r}; "
                f"the local host supports {', '.join(filter(None, _CONSTRAINTS))}, and none on {{*rest}}."
            ]
        )
    return _Parameter(name=name, constraint=constraint or "", optional=bool(optional), rest=bool(stars))


def _register(leaves: _Leaves, function: Function, trigger: HttpTrigger, names: tuple[str, ...]) -> None:
    for method in trigger.methods or {ANY}:
        leaf = leaves.setdefault(method, _Leaf(function=function, names=names))
        if leaf.function is not function:
            raise Refused(
                [f"the route {trigger.route!r} with method {method} is answered by {leaf.function.name} already."]
            )


def _segments(path: str) -> list[str]:
    """The decoded segments of a path; a slash at its end says nothing."""
    trimmed = path[1:-1] if path.endswith("/") else path[1:]
    if not trimmed:
        return []
    parts = trimmed.split("/")
    if "%" not in trimmed:
        return parts
    return [unquote(part.replace("%2F", "%252F").replace("%2f", "%252f")) for part in parts]


def _walk(node: _Node, segments: list[str], at: int, values: list[str]) -> Iterator[_Leaves]:
    """Every table a path leads to, the preferred first; `values` holds the parameters of the one just yielded."""
    if at == len(segments):
        if node.leaves:
            yield node.leaves
        if node.rest:
            yield node.rest  # with the rest left out
        return
    segment = segments[at]
    if literal := node.literals.get(segment.lower()):
        yield from _walk(literal, segments, at + 1, values)
    for constraint, check in _CONSTRAINTS.items():
        child = node.parameters.get(constraint)
        if child is not None and segment and check(segment):
            values.append(segment)
            yield from _walk(child, segments, at + 1, values)
            values.pop()
    if node.rest:
        values.append("/".join(segments[at:]))
        yield node.rest
        values.pop()
