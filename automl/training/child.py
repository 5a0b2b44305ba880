"""Training in a process of its own.

FLAML's time limits need a main thread, which a function's worker does not lend, and a search that runs out of memory
is killed: its parent lives on and says so. The child is spawned, not forked: a fork would inherit the threads' locks.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from automl.errors import EvergreenError, InvalidInput, Problem
from automl.run import Run
from automl.settings import Settings
from automl.spec import Spec
from automl.training.progress import Outcome, Progress

Tell = Callable[[Progress], None]
Work = Callable[[Settings, Run, Tell], Outcome]

BEAT_S = 2.0
"""How often the parent passes news on, in seconds, and how often it looks whether the child may go on."""


class Failed(EvergreenError):
    """The training process ended without an answer of its own."""

    code = "training_failed"


def train(settings: Settings, run: Run, tell: Tell) -> Outcome:
    """What the child does: the pipeline over the real storage, or a reproduction."""
    from automl import spec
    from automl.azure_storage import AzureStorage
    from automl.registry import Registry
    from automl.training import pipeline, reproducing

    storage = AzureStorage(settings)
    registry = Registry(storage, _utc_now)
    if run.reproduces is not None:
        return reproducing.reproduce(storage, registry, run.model, run.reproduces, progress=tell)
    wanted = spec.load(storage, run.model)
    check_budget(settings, wanted)
    return pipeline.run(storage, run, wanted, registry, clock=_utc_now, lake=settings.lake, progress=tell)


def check_budget(settings: Settings, wanted: Spec) -> None:
    """Refuse a search that could not end in time, before it begins.

    Raises
    ------
    InvalidInput
        Its budget leaves less than a fifth of `train_timeout_s` for the final fit, the export and its check.
    """
    most = 0.8 * settings.train_timeout_s
    if wanted.search.time_budget > most:
        expected = f"at most {most:g} s, 80% of the {settings.train_timeout_s:g} s a training process may take"
        got = f"{wanted.search.time_budget:g} s"
        remedy = "Lower it, or raise EVERGREEN_TRAIN_TIMEOUT_S."
        raise InvalidInput.of([Problem(field="search.time_budget", expected=expected, got=got, remedy=remedy)])


def train_in_child(
    settings: Settings, run: Run, on_progress: Tell, *, work: Work = train, beat_s: float = BEAT_S
) -> Outcome:
    """Run `work` in a spawned process and wait for it.

    Parameters
    ----------
    on_progress
        Called in this thread with every new stage, and otherwise every `beat_s` with the latest news, new or not.
        When it raises, the child is killed and the error goes on to the caller.
    work
        What the child runs; importable by name.

    Raises
    ------
    InvalidInput, Rejected, ...
        What `work` raised, when it is one of this project's errors.
    Failed
        `work` raised anything else, the process was killed, or it took longer than `settings.train_timeout_s`.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # daemon: when this interpreter ends, it ends the child instead of waiting for it
    process = context.Process(target=_main, args=(theirs, work, settings, run), daemon=True)
    process.start()
    theirs.close()
    try:
        return _listen(ours, process, settings.train_timeout_s, on_progress, beat_s)
    finally:
        process.kill()
        process.join()
        ours.close()


def _listen(pipe: Connection, process: BaseProcess, timeout_s: float, on_progress: Tell, beat_s: float) -> Outcome:
    latest = Progress(stage="starting", percent=0, message="The training process is starting.")
    deadline = time.monotonic() + timeout_s
    told = time.monotonic()
    while time.monotonic() < deadline:
        if pipe.poll(max(0.0, min(told + beat_s, deadline) - time.monotonic())):
            try:
                news = pipe.recv()
            except EOFError:
                process.join()
                raise Failed(_epitaph(process.exitcode, latest)) from None
            if isinstance(news, Outcome):
                return news
            if isinstance(news, EvergreenError):
                raise news
            stage, latest = latest.stage, news
            if latest.stage == stage and time.monotonic() < told + beat_s:
                continue
        on_progress(latest)
        told = time.monotonic()
    raise Failed(
        f"Training was stopped while {latest.stage}: it took longer than the {timeout_s:g} s allowed. "
        "Lower search.time_budget or the number of rows, or raise EVERGREEN_TRAIN_TIMEOUT_S."
    )


def _epitaph(exitcode: int | None, latest: Progress) -> str:
    """Why a child said no more."""
    if exitcode == -signal.SIGKILL:
        return (
            f"The training process was killed while {latest.stage} (SIGKILL), most likely because memory ran out. "
            "Train on fewer rows or columns, or on an instance with more memory."
        )
    if exitcode is not None and exitcode < 0:
        return f"The training process died of {signal.Signals(-exitcode).name} while {latest.stage}."
    return f"The training process ended while {latest.stage}, with exit code {exitcode} and no answer. See its log."


def _main(pipe: Connection, work: Work, settings: Settings, run: Run) -> None:
    """The child: do the work, tell of it, and never outlive the parent."""
    # OpenMP threads that spin while they wait starve each other on shared cores: ten small LightGBM fits took 0.25 s
    # instead of 1.2 s with this. It is read when the first of the libraries loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, and its end is ours
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    try:
        answer: Outcome | EvergreenError = work(settings, run, pipe.send)
    except EvergreenError as error:
        answer = error
    except MemoryError:
        answer = Failed("Training ran out of memory. Train on fewer rows, or on an instance with more memory.")
    except Exception as error:  # whatever it is, the run's record must say so
        logging.getLogger(__name__).exception("Run %s of model %s failed", run.id, run.model)
        answer = Failed(f"Training failed with {type(error).__name__}: {error}")
    pipe.send(answer)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _end_with_parent(pipe: Connection) -> None:
    """The parent sends nothing; the pipe's end is the parent's."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        os._exit(1)
