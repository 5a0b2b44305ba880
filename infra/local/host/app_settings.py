"""The app's settings: local.settings.json under the process environment, and storage connections by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from infra.local.azurite import Ports
from infra.local.host.cors import Cors, read_cors
from infra.local.host.errors import Refused


def add_local_settings(path: Path, environ: MutableMapping[str, str]) -> Cors | None:
    """Add the `Values` of a local.settings.json that the environment does not set already.

    Returns
    -------
    Who may read answers from pages of other origins, as its `Host` section says; None where nobody may.

    Raises
    ------
    Refused
        For encrypted files, values that are not text, and sections this host does not honour.
    """
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refused([f"{path.name}: expected JSON, got {error}."]) from error
    problems = [
        f"{path.name} {section}: is not supported by the local host. Remove it, or use `func start`."
        for section in document.keys() - {"IsEncrypted", "Values", "Host"}
    ]
    if document.get("IsEncrypted"):
        problems.append(f"{path.name} IsEncrypted: expected false. Run `func settings decrypt`.")
    for name, value in document.get("Values", {}).items():
        if isinstance(value, str):
            environ.setdefault(name, value)
        else:
            problems.append(f"{path.name} Values.{name}: expected text, got {value!r}. Put it in quotes.")
    cors = None
    try:
        cors = read_cors(document.get("Host", {}), f"{path.name} Host")
    except Refused as refused:
        problems.extend(refused.problems)
    if problems:
        raise Refused(problems)
    return cors


def is_disabled(function: str, environ: Mapping[str, str]) -> bool:
    """Whether `AzureWebJobs.<function>.Disabled` switches a function off."""
    return environ.get(f"AzureWebJobs.{function}.Disabled", "").strip().lower() in ("true", "1")


def connection_string(name: str, environ: Mapping[str, str], where: str) -> str:
    """The storage connection string behind a connection name.

    Raises
    ------
    Refused
        When the setting is missing, or asks for an identity (`NAME__…`), which a laptop does not have.
    """
    text = environ.get(name) or environ.get(f"AzureWebJobs{name}")
    if text:
        return Ports().connection_string if "UseDevelopmentStorage=true" in text else text
    identity = sorted(key for key in environ if key.startswith(f"{name}__"))
    if identity:
        raise Refused(
            [
                f"{where}: connections with an identity ({identity[0]}) are not supported by the local host. "
                f"Set {name} to a connection string."
            ]
        )
    raise Refused([f"{where}: expected the setting {name} with a storage connection string, got none. Set it."])
