"""Prints one model of a Microsoft Python package as JSON. Run alone, with the package's folder on the path:
two versions of one package are read, and one process can import only one."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType
from typing import Any


def described(module: ModuleType, name: str) -> dict[str, Any]:
    """The model and everything it is made of: `types` by name, and the values of each enum."""
    types: dict[str, Any] = {}
    _take(module, getattr(module, name), types)
    enums: dict[str, list[str]] = {}
    for each in types.values():
        for entry in each["properties"].values():
            inner = getattr(module, entry["type"].strip("[]{}"), ())
            if hasattr(inner, "__members__"):
                enums[entry["type"].strip("[]{}")] = [str(member.value) for member in inner]
    return {"types": types, "enums": enums}


def _take(module: ModuleType, model: Any, types: dict[str, Any]) -> None:
    if model.__name__ in types:
        return
    subtypes = [name for mapping in model._subtype_map.values() for name in mapping.values()]
    found: dict[str, Any] = {"properties": {}, "subtypes": subtypes}
    types[model.__name__] = found
    for attribute, entry in model._attribute_map.items():
        rule = model._validation.get(attribute, {})
        found["properties"][entry["key"]] = {
            "type": entry["type"],
            "read": bool(rule.get("readonly")),
            "required": bool(rule.get("required")),
        }
        inner = getattr(module, entry["type"].strip("[]{}"), None)
        if hasattr(inner, "_attribute_map"):
            _take(module, inner, types)
    for name in subtypes:
        _take(module, getattr(module, name), types)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(described(importlib.import_module(sys.argv[1]), sys.argv[2])))
