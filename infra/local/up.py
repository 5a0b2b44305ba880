"""`make up`: start what does not run, mend what died, train a first model, say how to go on."""

from __future__ import annotations

import shlex
import signal
import time
from pathlib import Path

from infra.local.azurite import REPOSITORY
from infra.local.errors import LocalError
from infra.local.first_model import FirstModel
from infra.local.ports import check_free
from infra.local.processes import Record, fingerprint, read_record, spawn, stop
from infra.local.progress import Progress
from infra.local.services import Service, log_path, record_path, services
from infra.local.settings import LocalSettings

HEALTHY_WITHIN_S = 60.0
STOP_GRACE_S = 12.0
"""Longer than the host's own grace for requests and messages at work."""
_LOG_LIMIT_BYTES = 20 * 2**20


class Up:
    """One run of `make up`; `started` is what it would take away again when it fails or is interrupted."""

    def __init__(self, settings: LocalSettings, app: Path, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._services = services(settings, app)
        self.started: list[tuple[Service, Record]] = []

    def run(self) -> None:
        """Bring everything up.

        Raises
        ------
        LocalError
            When something is in the way; what this run started is stopped then, as it is on Ctrl-C.
        """
        try:
            self._start_services()
            self._first_model()
        except BaseException:
            self.take_back()
            raise
        self._say_how_to_go_on()

    def take_back(self) -> None:
        """Stop what this run started, the last first; a second Ctrl-C must not leave half of it."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for service, record in reversed(self.started):
            self._progress.say(f"Stopping {service.what}, which this run started")
            stop(record, grace_s=STOP_GRACE_S)
            record_path(self._settings, service).unlink(missing_ok=True)
        self.started.clear()

    def _start_services(self) -> None:
        for name in ("azurite", "logs", "run"):
            (self._settings.local_dir / name).mkdir(parents=True, exist_ok=True)
        missing = [service for service in self._services if not self._runs(service)]
        for service in reversed(missing):  # the hosts before the storage they write to
            if record := read_record(record_path(self._settings, service)):
                stop(record, grace_s=STOP_GRACE_S)
        for service in missing:
            for port in service.ports:
                check_free(port, service.what, service.variable)
        azurite, *hosts = self._services
        for group in ([azurite], hosts):  # the hosts need storage, but not each other
            starting = [(service, self._start(service)) for service in group if service in missing]
            for service, record in starting:
                self._wait(service, record)

    def _runs(self, service: Service) -> bool:
        """Whether a service runs as it should; if not, why, when it ran before."""
        record = read_record(record_path(self._settings, service))
        if record is None:
            return False
        if record.process() is None:
            self._progress.say(f"{service.name} had ended: starting it again")
        elif record.fingerprint != fingerprint(service.command(), service.environ):
            self._progress.say(f"{service.name} runs with other settings: starting it again")
        elif not service.is_healthy():
            self._progress.say(f"{service.name} (pid {record.pid}) does not answer: starting it again")
        else:
            self._progress.say(f"{service.name} runs already (pid {record.pid})")
            return True
        return False

    def _start(self, service: Service) -> Record:
        log = log_path(self._settings, service)
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".old.log"))
        where = record_path(self._settings, service)
        record = spawn(service.command(), service.environ, cwd=REPOSITORY, log=log, record=where)
        self.started.append((service, record))
        self._progress.say(f"Starting {service.what}: pid {record.pid}")
        return record

    def _wait(self, service: Service, record: Record) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while not service.is_healthy():
            if record.process() is None or time.monotonic() > deadline:
                state = "ended" if record.process() is None else f"did not answer within {HEALTHY_WITHIN_S:.0f} s"
                log = log_path(self._settings, service)
                raise LocalError(f"{service.what} {state}. The end of {_shown(log)}:\n{_tail(log)}")
            time.sleep(0.1)
        self._progress.say(f"{service.name} is healthy on port {service.ports[0]}")

    def _first_model(self) -> None:
        if self._settings.first_model_s > 0:
            FirstModel(self._url, self._settings.first_model_s, self._progress).ensure()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._settings.port}"

    def _say_how_to_go_on(self) -> None:
        body = FirstModel(self._url, self._settings.first_model_s, self._progress).example()
        logs = ", ".join(_shown(log_path(self._settings, service)) for service in self._services)
        lines = ["", f"Evergreen is up:  {self._url}"]
        if body:
            curl = f"curl -s {self._url}{body[0]} -H 'Content-Type: application/json' -d {shlex.quote(body[1])}"
            lines.append(f"  score:          {curl}")
        lines += [f"  logs:           {logs}", "  stop:           make down", ""]
        self._progress.plain("\n".join(lines))


def _shown(path: Path) -> str:
    """A path as short as it can be said from the repository."""
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-20:])
