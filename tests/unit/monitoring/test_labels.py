"""The packed rows hold what they were given, and the numbers of a regression are those of its errors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.monitoring import labels
from automl.monitoring.labels import Label
from automl.monitoring.state import State

HOURS = ("2026-11-20/15", "2026-11-20/16", "2026-11-20/17")


def label(
    number: int, *, at: int, error: float, hour: str = HOURS[0], version: str = "v1", received: int = 0
) -> Label:
    return Label(
        id=f"019aa000-0000-7000-8000-{number:012x}",
        at=at,
        received=received,
        predicted_at=0,
        hour=hour,
        version=version,
        error=error,
        truth=error,
        predicted=0.0,
    )


def state(kind: str = "error") -> State:
    loss = {"kind": kind, "clip": 10.0, "mean": 0.1, "upper": 0.12, "n": 2000}
    return State(baselines={"v1": loss, "v2": loss})


@given(
    given=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 5), st.sampled_from([0.0, 1.0]), st.integers(1, 4)), max_size=60
    )
)
def test_the_latest_truth_of_each_id_stands_whatever_passes_it_came_in(
    given: list[tuple[int, int, float, int]],
) -> None:
    memory, standing = state(), dict[int, tuple[int, float]]()
    batches: dict[int, list[Label]] = {}
    for turn, (number, at, error, batch) in enumerate(sorted(given, key=lambda item: item[3])):
        batches.setdefault(batch, []).append(label(number, at=at, error=error, received=turn))
        if number not in standing or at >= standing[number][0]:
            standing[number] = (at, error)
    fresh = [item.id for batch in batches.values() for item in labels.take(memory, batch)]
    assert max(Counter(fresh).values(), default=1) == 1
    assert memory.labelled == len(fresh) == len(standing)
    if standing:
        (told,) = [item for item in labels.performance(memory) if item["window"] == "all"]
        assert told["accuracy"] == pytest.approx(1 - np.mean([error for _, error in standing.values()]))


def test_regression_tells_mean_and_root_mean_square_of_the_errors_unclipped() -> None:
    memory = state("clipped_abs")
    labels.take(memory, [label(number, at=1, error=float(number)) for number in range(1, 101)])
    told = labels.performance(memory)[0]
    assert told["mae"] == pytest.approx(50.5)
    assert told["rmse"] == pytest.approx(np.sqrt(np.mean(np.arange(1.0, 101.0) ** 2)))


def test_each_version_has_its_own_numbers_and_the_recent_ones_are_the_newest_hours() -> None:
    memory = state()
    old = [label(number, at=1, error=1.0, hour=HOURS[0]) for number in range(labels.RECENT)]
    new = [label(1000 + number, at=1, error=0.0, hour=HOURS[1]) for number in range(labels.RECENT)]
    other = [label(5000, at=1, error=1.0, hour=HOURS[2], version="v2")]
    labels.take(memory, new + other + old)
    told = {(item["version"], item["window"]): item["accuracy"] for item in labels.performance(memory)}
    assert told == {("v1", "all"): 0.5, ("v1", "recent"): 1.0, ("v2", "all"): 0.0, ("v2", "recent"): 0.0}


def test_hours_that_are_dropped_stay_in_the_sums() -> None:
    memory = state()
    labels.take(memory, [label(number, at=1, error=float(number < 3), hour=HOURS[0]) for number in range(10)])
    labels.take(memory, [label(100 + number, at=1, error=0.0, hour=HOURS[1]) for number in range(10)])
    before = labels.performance(memory)[0]
    labels.prune(memory, HOURS[1])
    assert labels.performance(memory)[0] == before
    assert list(memory.hours) == [HOURS[1]]
    assert labels.take(memory, [label(500, at=1, error=1.0, hour=HOURS[0])]) == []
    assert memory.counts["late"] == 1
    assert (labels.before(memory, HOURS[1]), labels.from_hour(memory, HOURS[1])) == (10, 10)
