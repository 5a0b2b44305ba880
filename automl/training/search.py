"""The search for a model within a time budget: the only importer of FLAML.

FLAML minimises a loss on a validation part that it cuts from the rows it is given, then fits the best configuration
once more on all of them. Its time limits need the main thread of a process; elsewhere a trial may run long.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import Rejected
from automl.signature import Task
from automl.spec_sections import Search, SplitKind
from automl.training.choices import estimators_for, metric_for

Config = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is known after a trial.

    Parameters
    ----------
    trials
        How many have ended.
    estimator
        FLAML's name of the best so far.
    best_loss
        Its validation loss; smaller is better (1 − r2 for `r2`, and so on).
    share
        Part of the budget that is used up, 0 to 1.
    points
        The best configuration of each estimator so far.
    """

    trials: int
    estimator: str
    best_loss: float
    share: float
    points: dict[str, Config]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The outcome of a search.

    Parameters
    ----------
    model
        FLAML's fitted `AutoML`; class codes are its labels.
    config
        Hyperparameters of the model, as FLAML names them.
    starting_points
        Best configuration of every estimator that was tried, for the next search to begin with.
    seconds
        What the search and the final fit took.
    threads
        How many each fit used; some learners add numbers up in another order with another count.
    """

    model: Any
    estimator: str
    config: Config
    metric: str
    best_loss: float
    trials: int
    starting_points: dict[str, Config]
    seconds: float
    threads: int


def search(
    matrix: npt.NDArray[np.float64],
    target: npt.NDArray[Any],
    *,
    task: Task,
    classes: int,
    kind: SplitKind,
    settings: Search,
    starting_points: Mapping[str, Config] | None = None,
    threads: int | None = None,
    keep_search_state: bool = False,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> Found:
    """Find and fit a model.

    Parameters
    ----------
    matrix
        [N, F] of prepared training rows. Rows that are held out have no business here.
    target
        [N]: class codes (every one of `classes` occurs) or numbers.
    kind
        `time` makes FLAML validate on the last rows, which must be the newest.
    starting_points
        Configurations by estimator from an earlier search; unknown estimators are left out.
    threads
        For each fit; none: as many as there are cores.
    keep_search_state
        Whether the model keeps the rows in the order in which FLAML fitted on them.
    on_trial
        Called in this thread after every trial.

    Raises
    ------
    InvalidInput
        When the settings name a metric or an estimator that cannot be used.
    Rejected
        When no trial gave a usable model.
    """
    metric = metric_for(settings, task, classes)
    names = estimators_for(settings, task)
    warm = {name: dict(config) for name, config in (starting_points or {}).items() if name in names}
    threads = threads or os.cpu_count() or 1
    started = time.perf_counter()
    with _quiet():
        model: Any = import_module("flaml").AutoML()  # so, because FLAML's annotations are partial
        watch = _Watch(model, settings, on_trial)
        try:
            model.fit(
                matrix,
                target,
                task=task,
                metric=metric,
                estimator_list=names,
                time_budget=settings.time_budget,
                max_iter=settings.max_iter,
                seed=settings.seed,
                n_jobs=threads,
                starting_points=warm or "static",
                split_type="time" if kind == "time" else "auto",
                log_type="all",
                ensemble=settings.ensemble,
                retrain_full=True,
                keep_search_state=keep_search_state,
                verbose=0,
            )
        except MemoryError:
            raise
        except (ArithmeticError, ValueError, AssertionError) as error:
            raise Rejected(f"FLAML could not search: {type(error).__name__}: {error}. {_ADVICE}") from error
    _check(model, f"{watch.trials} trials of {', '.join(names)} in {settings.time_budget:g} s")
    return Found(
        model=model,
        estimator=str(model.best_estimator),
        config=_json(model.best_config),
        metric=metric,
        best_loss=float(model.best_loss),
        trials=watch.trials,
        starting_points=_points(model),
        seconds=time.perf_counter() - started,
        threads=threads,
    )


def fitted_of(model: Any) -> Any:
    """The fitted estimator inside an `AutoML`: a library's own, scikit-learn's stack of an ensemble, or None."""
    return getattr(model.model, "estimator", model.model)


_ADVICE = "Give it more time with search.time_budget, or fewer estimators with search.estimator_list."


class _Watch:
    """Tells of every trial of an AutoML.

    FLAML offers no callback. It passes every trial to `_log_trial` when its `log_type` is "all", whether or not a log
    file is written; a test counts the calls, so that another FLAML cannot change this unseen.
    """

    def __init__(self, model: Any, settings: Search, on_trial: Callable[[Trial], None]) -> None:
        self.model = model
        self.settings = settings
        self.on_trial = on_trial
        self.trials = 0
        model._log_trial = self._after_trial

    def _after_trial(self, search_state: Any, estimator: str) -> None:
        self.trials += 1
        state = self.model._state
        share = state.time_from_start / self.settings.time_budget
        if self.settings.max_iter:
            share = max(share, self.trials / self.settings.max_iter)
        best = self.model._best_estimator or estimator
        loss = float(state.best_loss)
        points = _points(self.model)
        self.on_trial(Trial(trials=self.trials, estimator=best, best_loss=loss, share=min(1.0, share), points=points))


def _points(model: Any) -> dict[str, Config]:
    """The best configuration of every estimator that has been tried."""
    return {name: _json(config) for name, config in model.best_config_per_estimator.items() if config}


def _check(model: Any, tried: str) -> None:
    """Refuse what FLAML calls a model although it is none: after a time-out it puts a dummy in its place."""
    fitted = fitted_of(model)
    if fitted is None:
        raise Rejected(f"No usable model was found in {tried}. {_ADVICE}")
    if type(fitted).__name__.startswith("Dummy"):
        raise Rejected(f"The best of {tried} ran out of time or memory in its final fit. {_ADVICE}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep FLAML's console handler, its loggers and the libraries' warnings out of the function's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("flaml")
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "flaml"]
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (level, disabled) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.disabled = disabled


def _json(config: Mapping[str, Any]) -> Config:
    """A configuration in plain Python numbers, without FLAML's own bookkeeping."""
    plain = dict(config.get("ml", config))
    for key in ("FLAML_sample_size", "learner", "_choice_"):
        plain.pop(key, None)
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in plain.items()}
