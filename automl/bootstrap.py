"""The one place where a process's parts are put together; each role imports only the rooms it uses.

`serving` and `training` are the only caches that live as long as a worker.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from automl.azure_storage import AzureStorage
from automl.events import Clock
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import Storage
from automl.telemetry.metrics import LOG_DROPPED
from automl.telemetry.process import Telemetry

if TYPE_CHECKING:
    from automl.log.ids import Ids
    from automl.log.writer import AppendLog
    from automl.scoring.champions import Champions
    from automl.scoring.default_model import DefaultModel
    from automl.scoring.service import Scoring
    from automl.truth.intake import Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What every role needs."""

    settings: Settings
    storage: Storage
    clock: Clock
    registry: Registry
    runs: Runs
    telemetry: Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What the HTTP functions need."""

    core: Core
    champions: Champions
    default_model: DefaultModel
    ids: Ids
    predictions: AppendLog
    scoring: Scoring
    intake: Intake


def core(settings: Settings, storage: Storage, clock: Clock, telemetry: Telemetry | None = None) -> Core:
    """The parts that every role shares."""
    telemetry = telemetry or Telemetry()
    return Core(
        settings=settings,
        storage=storage,
        clock=clock,
        registry=Registry(storage, clock, telemetry.meter),
        runs=Runs(storage, clock, settings, telemetry.meter),
        telemetry=telemetry,
    )


def build_serving(parts: Core) -> Serving:
    """The parts of a process that answers HTTP."""
    from automl.log import ids
    from automl.log.writer import AppendLog
    from automl.scoring.champions import Champions
    from automl.scoring.default_model import DefaultModel
    from automl.scoring.service import Scoring
    from automl.truth.intake import Intake

    settings, clock, meter = parts.settings, parts.clock, parts.telemetry.meter
    champions = Champions(parts.registry, settings, clock)
    mint = ids.Ids(ids.load_key(parts.storage))
    predictions = AppendLog(parts.storage, clock, settings, "predictions")
    truth = AppendLog(parts.storage, clock, settings, "truth")
    meter.follow(LOG_DROPPED, lambda: predictions.lost, "predictions")
    meter.follow(LOG_DROPPED, lambda: truth.lost, "truth")
    return Serving(
        core=parts,
        champions=champions,
        default_model=DefaultModel(parts.registry, settings, clock),
        ids=mint,
        predictions=predictions,
        scoring=Scoring(champions=champions, ids=mint, log=predictions, settings=settings, clock=clock, meter=meter),
        intake=Intake(champions=champions, ids=mint, log=truth, settings=settings, clock=clock),
    )


def from_environ(environ: Mapping[str, str]) -> Core:
    """The shared parts over real storage, as the environment describes it.

    A connection string means a laptop or an account of one's own, so missing containers are made; an identity means
    that Bicep has made them, and may not have the right to.
    """
    settings = Settings.from_env(environ)
    storage = AzureStorage(settings)
    if settings.storage:
        storage.create_containers()
    return core(settings, storage, utc_now, Telemetry.begin(environ))


def utc_now() -> datetime:
    """The present moment: the clock of every real process."""
    return datetime.now(UTC)


@cache
def process() -> Core:
    """The shared parts of this process."""
    return from_environ(os.environ)


@cache
def serving() -> Serving:
    """The parts of this process that answer HTTP.

    What was made until now stays for the life of the process, so Python's collector leaves it out from here on: a
    whole collection held up every request for 20 ms.
    """
    made = build_serving(process())
    gc.freeze()
    return made
