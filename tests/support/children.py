"""What a training child is made to do in tests; importable by name, as a spawned process needs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

from automl.errors import InvalidInput, Problem, Rejected
from automl.run import Run
from automl.settings import Settings
from automl.training.child import Tell
from automl.training.progress import Outcome, Progress


def succeed(settings: Settings, run: Run, tell: Tell) -> Outcome:
    """Tell of three stages and publish."""
    for place, stage in enumerate(("loading", "searching", "publishing")):
        tell(Progress(stage=stage, percent=10.0 * place, message=f"{stage} {run.model}", trials=place))
    return Outcome(version=f"v-{run.id}", message=f"Trained in process {os.getpid()}.")


def refuse(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """Find the table unusable."""
    problem = Problem(column="y", expected="two classes", got="one", remedy="Add rows.")
    raise InvalidInput.of([problem, problem])


def reject(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """Find no usable model."""
    raise Rejected("LGBMClassifier: unequal in row 3.")


def stumble(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """Raise what nobody expected."""
    raise KeyError("surprise")


def run_out_of_memory(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """Have an allocation refused."""
    raise MemoryError


def be_killed(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """Be ended by the kernel in the middle of the search."""
    tell(Progress(stage="searching", percent=40, message="Searching."))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def crash(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """End by a signal of its own making."""
    os.abort()


def leave(settings: Settings, run: Run, tell: Tell) -> NoReturn:
    """End without a word."""
    os._exit(3)


def hang(settings: Settings, run: Run, tell: Tell) -> Outcome:
    """Tell the process id, then never end."""
    tell(Progress(stage="searching", percent=50, message=str(os.getpid())))
    threading.Event().wait()
    return Outcome(version="", message="")


def hang_aloud() -> None:
    """A parent for a test to kill: prints its child's process id and waits for that child."""
    from automl.training.child import train_in_child

    settings = Settings(train_timeout_s=600)
    run = Run(id="r", model="m", cause={}, at="2026-11-20T16:00:00+00:00", data={})

    def tell(news: Progress) -> None:
        if news.stage == "searching":
            sys.stdout.write(f"{news.message}\n")
            sys.stdout.flush()

    train_in_child(settings, run, tell, work=hang)


if __name__ == "__main__":
    hang_aloud()
