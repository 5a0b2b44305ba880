"""Properties and enums of Bicep resources, held against what Azure takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.check.bicep import Block, Expression, Resource

SNAPSHOT = Path(__file__).with_name("azure-types.json")
"""Azure's types as `infra.check.snapshot` wrote them."""

_BICEP_ONLY = {"parent", "scope", "dependsOn"}
"""What Bicep itself reads of a declaration, and Azure never sees."""


def load() -> dict[str, Any]:
    """The snapshot: by resource type its API version, source, root objects and object types."""
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return found


def problems(resource: Resource, known: Mapping[str, Any]) -> list[str]:
    """Everything about a resource that Azure would refuse, as sentences.

    Unknown and read-only properties, values outside an enum, missing required properties, an API version other than
    the one that was compared with. Values that only a deployment can evaluate are not looked into.
    """
    where = f"{resource.file}:{resource.line}"
    if resource.type not in known:
        return [f"{where}: nothing is known about {resource.type}. Run infra.check.snapshot."]
    entry = known[resource.type]
    found = []
    if resource.api != entry["api"]:
        found.append(f"{where}: {resource.type}@{resource.api}: compared with {entry['api']}. Use that version.")
    if resource.existing:
        return found
    body = Block(
        values={name: value for name, value in resource.body.values.items() if name not in _BICEP_ONLY},
        lines=resource.body.lines,
    )
    root = _root(entry, body)
    found += _compare(body, root, entry["types"], resource.file, resource.type)
    return found


def _root(entry: Mapping[str, Any], body: Block) -> str:
    """The root object that a discriminating `name` chooses, or the only one."""
    for name in entry["roots"]:
        if entry["types"][name]["properties"].get("name", {}).get("type") == body.values.get("name"):
            return str(name)
    return str(entry["roots"][0])


def _compare(block: Block, name: str, types: Mapping[str, Any], file: str, path: str) -> Iterator[str]:
    properties, open_ended = types[name]["properties"], types[name]["open"]
    for key, value in block.values.items():
        where = f"{file}:{block.lines[key]}: {path}.{key}"
        if key not in properties:
            if not open_ended and properties:
                yield f"{where}: Azure knows no such property."
            continue
        wanted = properties[key]
        if wanted["read"] and key != "name":
            yield f"{where}: is read-only."
        inner = wanted["type"].rstrip("[]")
        for each in _objects(value):
            if inner in types:
                yield from _compare(each, inner, types, file, f"{path}.{key}")
        if isinstance(value, str) and " | " in wanted["type"]:
            allowed = [each.strip() for each in wanted["type"].split("|")]
            if value not in allowed:  # `string` among them means that more may come; none that is not listed is used
                yield f"{where}: expected one of {', '.join(allowed)}, got {value!r}."
    for key, wanted in properties.items():
        if wanted["required"] and not wanted["read"] and key not in block.values:
            yield f"{file}:{min(block.lines.values(), default=0)}: {path}.{key}: is required."


def _objects(value: Any) -> Iterator[Block]:
    if isinstance(value, Block):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)
    elif isinstance(value, Expression):
        yield from value.objects
