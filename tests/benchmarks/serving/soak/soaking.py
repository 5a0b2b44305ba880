"""One soak from start to verdict: a host behind a faulty network, its champion changing, killed once."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from automl import bootstrap
from automl.registry import Registry
from automl.storage import LOG, Storage
from infra.local.azurite import Ports
from tests.benchmarks.serving.load import Job
from tests.benchmarks.serving.rounds import in_own_process, rate
from tests.benchmarks.serving.soak.clients import Clients, Record
from tests.benchmarks.serving.soak.growth import Sample
from tests.benchmarks.serving.soak.reigns import Reigns
from tests.benchmarks.serving.soak.rivals import CHAMPIONS, Rivals
from tests.support.fault_proxy import Faults, fault_proxy
from tests.support.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a soak goes.

    Parameters
    ----------
    swaps
        Promotions in all.
    every_s, answers
        Between two of them so many seconds pass, and so many predictions are acknowledged.
    kill_at
        Before which promotion, counted from 0, the host is killed.
    share
        Of the capacity measured before, how much is sent; None: as much as is answered.
    late_s
        How long an instance may answer with the last champion; None: not judged.
    """

    swaps: int
    every_s: float
    answers: int
    kill_at: int
    faults: Faults
    connections: int = 8
    share: float | None = 0.8
    refresh_s: float = 1.0
    late_s: float | None = 5.0


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a soak found.

    Parameters
    ----------
    record
        What the clients saw.
    missing
        Acknowledged ids that are not in the log.
    repeated
        Ids that are in the log more than once.
    memory
        Of each host process, its samples.
    """

    record: Record
    capacity_per_s: float | None
    faults: Counter[str]
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    memory: list[list[Sample]] = field(default_factory=list)

    def broken(self) -> list[str]:
        """Promises that were not kept, in words."""
        found = list(self.record.wrong)
        if self.missing:
            found.append(f"{len(self.missing)} acknowledged ids are not in the log, such as {self.missing[0]}.")
        if self.repeated:
            found.append(f"{len(self.repeated)} ids are in the log more than once, such as {self.repeated[0]}.")
        return found


async def soak(plan: Plan, rivals: Rivals, folder: Path) -> Findings:
    """Run a plan in a folder that holds storage and logs of the processes."""
    environ = {"EVERGREEN_CHAMPION_REFRESH_S": str(plan.refresh_s)}
    running = System(folder, environ)
    direct = running.environ["EVERGREEN_STORAGE"]
    try:
        await asyncio.to_thread(running.start, "azurite")
        core = await asyncio.to_thread(bootstrap.from_environ, {"EVERGREEN_STORAGE": direct})
        await asyncio.to_thread(rivals.publish, core.registry)
        async with fault_proxy(running.ports.blob, plan.faults) as port:
            through = Ports(blob=port, queue=running.ports.queue, table=running.ports.table)
            running.environ["EVERGREEN_STORAGE"] = through.connection_string
            await asyncio.to_thread(running.start, "serve")
            return await _under_load(plan, rivals, running, core.registry)
    finally:
        await asyncio.to_thread(running.stop)


async def _under_load(plan: Plan, rivals: Rivals, running: System, registry: Registry) -> Findings:
    path = f"/models/{rivals.model}/score"
    capacity = None
    if plan.share is not None:
        capacity = await asyncio.to_thread(_capacity, plan, rivals, running, path)
    reigns = Reigns(CHAMPIONS[0], plan.late_s)
    clients = Clients(
        running.port,
        path,
        rivals.bodies,
        rivals.expected,
        reigns,
        connections=plan.connections,
        per_s=capacity * plan.share if capacity and plan.share else None,
    )
    memory: list[list[Sample]] = [[]]
    clients.start()
    try:
        for swap in range(plan.swaps):
            await asyncio.gather(clients.more(plan.answers), _sampled(running, memory[-1], plan.every_s))
            if swap == plan.kill_at:
                await asyncio.to_thread(running.kill, "serve")
                await asyncio.to_thread(running.start, "serve")
                memory.append([])
                await clients.more(plan.answers)
            begun = time.monotonic()
            version = next(name for name in CHAMPIONS if name != reigns.champion)
            await asyncio.to_thread(partial(registry.promote, rivals.model, version, "The soak changes champions."))
            reigns.promoted(version, begun, time.monotonic())
        await clients.more(plan.answers)
    finally:
        await clients.stop()
    found = Findings(record=clients.record, capacity_per_s=capacity, faults=plan.faults.done, memory=memory)
    counts = await asyncio.to_thread(logged, registry.storage, rivals.model)
    found.missing = [identity for identity in clients.record.acknowledged if identity not in counts]
    found.repeated = [identity for identity, count in counts.items() if count > 1]
    return found


def logged(storage: Storage, model: str) -> Counter[str]:
    """How often each prediction id stands at the head of a whole line of the log."""
    counts: Counter[str] = Counter()
    for info in storage.find(LOG, f"{model}/predictions/"):
        lines = storage.get_from(LOG, info.name, 0).split(b"\n")[:-1]
        counts.update(line[7:43].decode() for line in lines if line)
    return counts


async def _sampled(running: System, samples: list[Sample], seconds: float) -> None:
    """Let time pass, and note what the host's memory is at its end."""
    await asyncio.sleep(seconds)
    size = psutil.Process(running.processes["serve"].pid).memory_info().rss
    samples.append((time.monotonic(), size / 2**20))


def _capacity(plan: Plan, rivals: Rivals, running: System, path: str) -> float:
    """Requests a second that are answered when nothing is held back; the faults are at work already."""
    file = running.folder / "bodies.json"
    file.write_text(json.dumps([body.decode() for body in rivals.bodies]), encoding="utf-8")
    pid = running.processes["serve"].pid
    job = Job(port=running.port, pid=pid, path=path, bodies=str(file), connections=plan.connections, seconds=10.0)
    return rate(in_own_process(job))
