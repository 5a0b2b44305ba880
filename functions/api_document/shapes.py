"""JSON Schemas (2020-12) of the dataclasses that are stored and shown, so that both say the same."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, Union

from automl import forms

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


def shown(kind: type, *, leave_out: Collection[str] = ()) -> Schema:
    """The schema of what `dataclasses.asdict` makes of a dataclass: every field is there.

    Parameters
    ----------
    leave_out
        Fields that are not shown.
    """
    hints, meanings = typing.get_type_hints(kind), _meanings(kind)
    names = [field.name for field in dataclasses.fields(kind) if field.name not in leave_out]
    properties = {name: _meant(of(hints[name]), meanings.get(name)) for name in names}
    return {"type": "object", "description": _about(kind), "required": names, "properties": properties}


def asked(kind: type, rules: forms.Rules, path: str = "") -> Schema:
    """The schema of what `forms.read` makes a dataclass of, and nothing else.

    Parameters
    ----------
    path
        Where the section is in `rules`; empty for the whole.
    """
    meanings = _meanings(kind)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in dataclasses.fields(kind):
        where = f"{path}{field.name}"
        section = forms.section_type(field)
        schema = asked(section, rules, f"{where}.") if section else dict(rules[where][0].schema)
        properties[field.name] = _meant(schema, meanings.get(field.name))
        if field.default is not dataclasses.MISSING:
            properties[field.name]["default"] = _plain(field.default)
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    made: Schema = {"type": "object", "description": _about(kind), "additionalProperties": False}
    return made | ({"required": required} if required else {}) | {"properties": properties}


def of(hint: Any) -> Schema:
    """The schema of a type annotation.

    >>> of(dict[str, int | None])
    {'type': 'object', 'additionalProperties': {'type': ['integer', 'null']}}
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return shown(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return _either([of(each) for each in arguments])
    if origin is tuple or origin is list:
        return {"type": "array", "items": of(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": of(arguments[1])}
    return dict(_PLAIN[hint])


def _either(schemas: list[Schema]) -> Schema:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _meant(schema: Schema, meaning: str | None) -> Schema:
    return dict(schema) if meaning is None else {"description": meaning, **schema}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _about(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


@functools.cache  # the source of a class does not change while the process lives
def _meanings(kind: type) -> dict[str, str]:
    """What each field means: the text beneath it, or under "Parameters" in the class's documentation."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  (the source of a class)
    beneath = {
        field.target.id: str(after.value.value)
        for field, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    listed = (inspect.getdoc(kind) or "").partition("Parameters\n----------\n")[2]
    for names, text in re.findall(r"^(\w[\w, ]*)\n((?:    .*\n?|\n)+)", listed, re.MULTILINE):
        beneath |= dict.fromkeys(re.split(r",\s*", names), text)
    return {name: " ".join(text.split()) for name, text in beneath.items()}
