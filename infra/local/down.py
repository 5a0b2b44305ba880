"""`make down` stops the local system and leaves its data; `make status` tells how it is."""

from __future__ import annotations

from pathlib import Path

from infra.local.processes import read_record, stop
from infra.local.progress import Progress
from infra.local.services import Service, record_path, services
from infra.local.settings import LocalSettings
from infra.local.up import STOP_GRACE_S


def down(settings: LocalSettings, app: Path, progress: Progress) -> None:
    """Stop every service that runs, the hosts before the storage they write to."""
    stopped = 0
    for service in reversed(services(settings, app)):
        path = record_path(settings, service)
        record = read_record(path)
        if record is not None and record.family():
            progress.say(f"Stopping {service.what} (pid {record.pid})")
            stop(record, grace_s=STOP_GRACE_S)
            stopped += 1
        path.unlink(missing_ok=True)
    data = settings.local_dir / "azurite"
    progress.say(
        f"Stopped; the data stays in {data} (`make clean` removes it)." if stopped else "Nothing was running."
    )


def status(settings: LocalSettings, app: Path, progress: Progress) -> bool:
    """Say of every service whether it runs and answers; whether all do."""
    states = [(service, _state(settings, service)) for service in services(settings, app)]
    for service, state in states:
        progress.plain(f"{service.name:8} port {service.ports[0]:<6} {state}")
    return all(state.startswith("healthy") for _, state in states)


def _state(settings: LocalSettings, service: Service) -> str:
    record = read_record(record_path(settings, service))
    if record is None:
        return "not started"
    if record.process() is None:
        return "ended by itself (see its log; `make up` starts it again)"
    return f"healthy (pid {record.pid})" if service.is_healthy() else f"does not answer (pid {record.pid})"
