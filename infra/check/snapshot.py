"""Writes azure-types.json: what Azure takes for each resource type that the Bicep files use, with where it is from.

    npm pack @azure/mcp-linux-x64 && tar xzf azure-mcp-linux-x64-*.tgz
    pip install --target models azure-mgmt-monitor==7.0.0 azure-mgmt-privatedns==1.2.0
    pip install --target models-6 azure-mgmt-monitor==6.0.2     # the last one that knows diagnostic settings
    python -m infra.check.snapshot package/dist/azmcp models models-6

The first knows Azure's own Bicep types and works offline; where it knows none, the models of Microsoft's Python
packages do. The file is kept in the repository, so that checking needs neither.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.check import bicep
from infra.check.schema import SNAPSHOT

INFRA = Path(__file__).resolve().parents[1]

_MODELS = {
    "Microsoft.Insights/metricAlerts": ("monitor", "MetricAlertResource", "2018-03-01"),
    "Microsoft.Insights/scheduledQueryRules": ("monitor", "ScheduledQueryRuleResource", "2023-12-01"),
    "Microsoft.Insights/actionGroups": ("monitor", "ActionGroupResource", "2023-01-01"),
    "Microsoft.Insights/diagnosticSettings": ("monitor6", "DiagnosticSettingsResource", "2021-05-01-preview"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "PrivateZone", "2024-06-01"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "VirtualNetworkLink", "2024-06-01"),
}
_MODULES = {
    "monitor": "azure.mgmt.monitor.models",
    "monitor6": "azure.mgmt.monitor.v2021_05_01_preview.models",
    "privatedns": "azure.mgmt.privatedns.models",
}
_READER = Path(__file__).with_name("models.py")


def from_azmcp(binary: Path, kind: str) -> dict[str, Any] | None:
    """The type as Azure's own Bicep types have it; None when they have none."""
    answer = subprocess.run(  # noqa: S603 - the binary is the one named on the command line
        [str(binary), "bicepschema", "get", "--resource-type", kind],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AZURE_MCP_COLLECT_TELEMETRY": "false"},
    )
    if not answer.stdout.startswith("{"):
        return None
    found = json.loads(answer.stdout)["results"]["BicepSchemaResult"]
    if not isinstance(found, list):
        return None
    named = {each["name"]: each for each in found if each["$type"] in ("Object", "DiscriminatedObject")}
    resource = next(each for each in found if each["$type"] == "Resource")
    types: dict[str, Any] = {}

    def take(each: dict[str, Any], name: str) -> None:
        compact: dict[str, Any] = {"properties": {}, "open": bool(each.get("additionalProperties"))}
        types[name] = compact
        for entry in each.get("properties", []):
            flags = entry.get("flags") or ""
            kept = {"type": entry["type"], "read": "ReadOnly" in flags, "required": "Required" in flags}
            compact["properties"][entry["name"]] = kept
            inner = entry["type"].rstrip("[]")
            if inner in named and inner not in types and not kept["read"]:
                body = named[inner]
                if body["$type"] == "DiscriminatedObject":
                    types[inner] = {"properties": {}, "open": True}
                else:
                    take(body, inner)

    body = resource["bodyType"]
    roots = body["elements"] if body["$type"] == "DiscriminatedObject" else [body]
    names = []
    for number, each in enumerate(roots):
        names.append(f"root{number}")
        take(each, names[-1])
    return {"api": resource["name"].split("@")[1], "source": "azmcp", "roots": names, "types": types}


def from_models(folder: Path, package: str, model: str, api: str) -> dict[str, Any]:
    """The type as a Python package of Microsoft's models it, with `properties.x` flattened back."""
    answer = subprocess.run(  # noqa: S603 - runs a module of ours
        [sys.executable, str(_READER), package, model],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    found = json.loads(answer.stdout)
    types: dict[str, Any] = {}
    for name, each in found["types"].items():
        types[name] = {"properties": {}, "open": any(each["subtypes"])}
        for key, entry in each["properties"].items():
            owner, parts = name, key.replace("\\.", "\0").split(".")
            for part in parts[:-1]:
                inner = f"{owner}.{part}"
                types[owner]["properties"].setdefault(part, {"type": inner, "read": False, "required": False})
                types.setdefault(inner, {"properties": {}, "open": False})
                owner = inner
            plain = entry["type"].strip("[]{}")
            values = found["enums"].get(plain)
            written = " | ".join(values) if values else plain
            types[owner]["properties"][parts[-1].replace("\0", ".")] = {**entry, "type": written}
    return {"api": api, "source": package, "roots": [model], "types": types}


def main() -> None:
    """Write the snapshot."""
    azmcp, models, models6 = (Path(argument) for argument in sys.argv[1:4])
    files = [bicep.read(path, INFRA) for path in sorted(INFRA.rglob("*.bicep"))]
    kinds = sorted({resource.type for file in files for resource in file.resources})
    written: dict[str, Any] = {}
    for kind in kinds:
        found = None if kind in _MODELS else from_azmcp(azmcp, kind)
        if found is None and kind in _MODELS:
            package, model, api = _MODELS[kind]
            folder = models6 if package == "monitor6" else models
            found = from_models(folder, _MODULES[package], model, api)
        if found is None:
            raise SystemExit(f"Nothing knows the type {kind}: add it to the models.")
        written[kind] = found
    SNAPSHOT.write_text(json.dumps(written, indent=None, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
