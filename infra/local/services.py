"""The three processes of the local system: Azurite, the serving host and the training host."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local.azurite import ACCOUNT, Ports, command
from infra.local.settings import LocalSettings, variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one process is started and asked for its health.

    Parameters
    ----------
    what
        A few words for the person who reads.
    command
        Makes the command line; raises LocalError when something it needs is not installed.
    environ
        Added to the environment it inherits.
    ports
        The ports it listens on; `variable` chooses them.
    health
        URLs that answer once it works.
    any_answer
        Whether every answer will do (else 200).
    """

    name: str
    what: str
    command: Callable[[], Sequence[str]]
    environ: Mapping[str, str]
    ports: tuple[int, ...]
    variable: str
    health: tuple[str, ...]
    any_answer: bool = False

    def is_healthy(self) -> bool:
        """Whether every health URL answers."""
        try:
            answers = [httpx.get(url, timeout=5.0, trust_env=False) for url in self.health]
        except httpx.TransportError:
            return False
        return self.any_answer or all(answer.status_code == 200 for answer in answers)


def services(settings: LocalSettings, app: Path) -> tuple[Service, Service, Service]:
    """Azurite, serving and training of a function app, in the order they start."""
    base = settings.azurite_port
    ports = Ports(blob=base, queue=base + 1, table=base + 2)
    azurite = Service(
        name="azurite",
        what="storage (Azurite)",
        command=lambda: command(settings.local_dir / "azurite", ports),
        environ={},
        ports=(ports.blob, ports.queue, ports.table),
        variable=variable("azurite_port"),
        health=tuple(f"http://127.0.0.1:{port}/{ACCOUNT}?comp=list" for port in (ports.blob, ports.queue)),
        any_answer=True,  # unsigned requests are refused, which is a sign of life
    )
    serve = _host(settings, ports, app, role="serve", field="port", health="/health/live")
    train = _host(settings, ports, app, role="train", field="train_port", health="/admin/host/status")
    return azurite, serve, train


def _host(settings: LocalSettings, ports: Ports, app: Path, *, role: str, field: str, health: str) -> Service:
    port: int = getattr(settings, field)
    return Service(
        name=role,
        what={"serve": "the HTTP API", "train": "training and monitoring"}[role],
        command=lambda: (sys.executable, "-m", "infra.local.host", "--app", str(app), "--port", str(port)),
        environ={
            "AzureWebJobsStorage": ports.connection_string,
            "AzureFunctionsWebHost__hostid": f"evergreen-{role}",
            "EVERGREEN_STORAGE": ports.connection_string,
            "EVERGREEN_ROLE": role,
            "EVERGREEN_TRAIN_QUEUE": "train",
            "EVERGREEN_MONITOR_SCHEDULE": settings.monitor_schedule,
            "PYTHONUNBUFFERED": "1",
        },
        ports=(port,),
        variable=variable(field),
        health=(f"http://127.0.0.1:{port}{health}",),
    )


def log_path(settings: LocalSettings, service: Service) -> Path:
    """Where a service's output goes."""
    return settings.local_dir / "logs" / f"{service.name}.log"


def record_path(settings: LocalSettings, service: Service) -> Path:
    """Where a service's process is written down."""
    return settings.local_dir / "run" / f"{service.name}.json"
