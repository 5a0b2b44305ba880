"""Azurite, Microsoft's storage emulator: how it is started and how clients reach it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.node import find_node

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's account key: published by Microsoft, the same everywhere, no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the three services listen on 127.0.0.1."""

    blob: int = 10000
    queue: int = 10001
    table: int = 10002

    @property
    def connection_string(self) -> str:
        """What the Azure SDKs take to reach this emulator."""
        ends = {"Blob": self.blob, "Queue": self.queue, "Table": self.table}
        urls = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};" for name, port in ends.items())
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{urls}"


def command(folder: Path, ports: Ports) -> list[str]:
    """The command line of an Azurite that keeps its data in `folder`; port 0 lets it choose a free one.

    `npx` would cost 4 s. `--skipApiVersionCheck`: the Python SDK speaks a newer API version than Azurite knows.

    Raises
    ------
    LocalError
        When there is no Node, or Azurite is not installed.
    """
    if not SCRIPT.exists():
        raise LocalError(
            f"Azurite is not installed ({SCRIPT.relative_to(REPOSITORY)} is missing). Run `make azurite`."
        )
    flags = ["--skipApiVersionCheck", "--disableTelemetry", "--silent", "--location", str(folder)]
    for name, port in (("blob", ports.blob), ("queue", ports.queue), ("table", ports.table)):
        flags += [f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port)]
    return [str(find_node().binary), str(SCRIPT), *flags]
