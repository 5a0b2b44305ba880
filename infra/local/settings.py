"""What may be set about the local system, each with its environment variable and documented beneath itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from infra.local.errors import LocalError


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """Ports, folders and pace of `make up`. `EVERGREEN_` and the upper-case name make the environment variable."""

    port: int = 7071
    """Where the HTTP API listens, on 127.0.0.1."""

    train_port: int = 7072
    """Where the training host listens; only `make up` asks it, for its health."""

    azurite_port: int = 10000
    """Azurite's blob port; its queues and tables take the next two."""

    local_dir: Path = Path(".local")
    """Folder of the local system: Azurite's data, logs, process records. Relative to the repository."""

    monitor_schedule: str = "*/10 * * * * *"
    """When the monitor runs (NCRONTAB, seconds first, or hh:mm:ss)."""

    first_model_s: int = 10
    """Seconds the first model may search where there is no model yet; 0 trains none."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], repository: Path) -> LocalSettings:
        """Read the settings; a relative folder is taken from the repository.

        Raises
        ------
        LocalError
            Naming every variable that cannot be used.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in fields(cls):
            text = environ.get(variable(field.name), "").strip()
            if not text:
                continue
            if field.type != "int":
                values[field.name] = Path(text).expanduser() if field.type == "Path" else text
            elif text.isdecimal() and int(text) < 65_534:
                values[field.name] = int(text)
            else:
                problems.append(f"{variable(field.name)}: expected a whole number up to 65533, got {text!r}.")
        if problems:
            raise LocalError("\n".join(problems))
        settings = cls(**values)
        return replace(settings, local_dir=repository / settings.local_dir)


def variable(field: str) -> str:
    """The environment variable of a field.

    >>> variable("train_port")
    'EVERGREEN_TRAIN_PORT'
    """
    return f"EVERGREEN_{field.upper()}"
