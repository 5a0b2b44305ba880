"""What a run tells while it runs and when it ends; light, because the worker that listens stays light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    stage
        starting, loading, preparing, searching, exporting, checking or publishing.
    percent
        Of the whole run, 0 to 100.
    best_loss
        FLAML's best validation loss so far; None before there is one.
    """

    stage: str
    percent: float
    message: str
    trials: int = 0
    best_loss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The version a run published, and a sentence about it."""

    version: str
    message: str
