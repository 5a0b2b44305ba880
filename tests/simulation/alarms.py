"""The alarm and the early warning in one life, through the code that raises them."""

from __future__ import annotations

import math

import numpy as np

from automl.monitoring import adwin
from automl.monitoring.detector import Detector, observe
from automl.spec_sections import Monitor
from tests.simulation.streams import Stream, baseline_of, losses_of

RULES = Monitor()
"""A spec that says nothing of it."""


def first_alarm(stream: Stream, seed: int) -> float:
    """The label that raises the first alarm of a life, infinity where none does; passes of 1 to 2,000 labels."""
    rng = np.random.default_rng(seed)
    baseline = baseline_of(stream, rng)
    losses = losses_of(stream, baseline, rng)
    detector = Detector(bound=baseline["upper"], batch=RULES.look_every, horizon=RULES.horizon)
    seen = 0
    while seen < len(losses):
        taken = losses[seen : seen + int(rng.integers(1, 2_001))]
        detector, alarm = observe(detector, taken, RULES.alpha)
        if alarm is not None:
            return float(alarm)
        seen += len(taken)
    return math.inf


def first_warning(stream: Stream, seed: int) -> float:
    """The label after which ADWIN first tells of a rise, infinity where it never does."""
    rng = np.random.default_rng(seed)
    losses = losses_of(stream, baseline_of(stream, rng), rng)
    _, rises = adwin.observe(adwin.Window(delta=RULES.early_delta, batch=RULES.look_every), losses)
    return float(rises[0].labels) if rises else math.inf
