"""The labelled rows are those of the truths that stand, and the numbers of a version are those of its errors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.monitoring import accuracy, labels
from automl.monitoring import state as states
from automl.monitoring.labels import HOUR_MS, LABELLED, Labels
from automl.monitoring.ledger import Ledger
from automl.monitoring.state import State
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

HOURS = ("2026-11-20/15", "2026-11-20/16", "2026-11-20/17")
FIRST_MS = 1_795_186_800_000
Row = tuple[int, int, float]
"""Number of the prediction, `at` of its truth, error."""


def labelled(
    rows: Sequence[Row], *, hour: int = 0, version: str = "v1", received: Sequence[int] | None = None
) -> Labels:
    numbers, at, error = (np.array(column) for column in zip(*rows, strict=True))
    received = range(len(rows)) if received is None else received
    return Labels(
        version=version,
        ids=numbers.astype(np.uint64),
        made=FIRST_MS + hour * HOUR_MS + numbers.astype(np.int64),
        at=at.astype(np.int64),
        received=np.array(received, dtype=np.int64),
        predicted_at=FIRST_MS + hour * HOUR_MS + numbers.astype(np.int64),
        error=error.astype(np.float64),
        truth=error.astype(np.float64),
        predicted=np.zeros(len(rows)),
    )


def memory(kind: str = "error") -> tuple[State, Ledger]:
    loss = {"kind": kind, "clip": 10.0, "mean": 0.1, "upper": 0.12, "n": 2000}
    state = State(baselines={"v1": loss, "v2": loss})
    return state, Ledger(MemoryStorage(), "m", state, FixedClock()())


def performance(state: State) -> dict[tuple[str, str], dict[str, float]]:
    return {(item.pop("version"), item.pop("window")): item for item in accuracy.told(state)}


TRUTHS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 5), st.sampled_from([0.0, 1.0]), st.integers(0, 3)), max_size=60
)


@given(told=TRUTHS, data=st.data())
def test_the_latest_truth_of_each_id_stands_whatever_passes_it_came_in(
    told: list[tuple[int, int, float, int]], data: st.DataObject
) -> None:
    (state, ledger), standing = memory(), dict[int, tuple[int, int, float]]()
    for turn, (number, at, error, _) in enumerate(told):
        if number not in standing or (at, turn) >= standing[number][:2]:
            standing[number] = (at, turn, error)
    fresh, sums = list[int](), 0.0
    for _, group in itertools.groupby(data.draw(st.permutations(list(enumerate(told)))), lambda item: item[1][3]):
        own = sorted(group)
        taken = labels.take(state, ledger, labelled([row[:3] for _, row in own], received=[turn for turn, _ in own]))
        fresh += taken.fresh.ids.tolist()
        sums += taken.stands.error.sum() - np.nansum(taken.replaced)
    assert sorted(fresh) == sorted(standing)
    assert state.labelled == len(standing)
    wanted = [error for _, _, error in standing.values()]
    assert sums == sum(wanted)
    rows = ledger.read(LABELLED, HOURS[0])
    assert rows["error"].tolist() == [standing[number][2] for number in sorted(standing)]
    repeats = state.counts.get("repeated", 0) + state.counts.get("corrected", 0)
    assert repeats == len(told) - len(standing)
    if standing:
        found = performance(state)
        assert found["v1", "all"] == found["v1", "recent"] == {"n": len(wanted), "accuracy": 1 - np.mean(wanted)}


def test_regression_tells_mean_and_root_mean_square_of_the_errors_unclipped() -> None:
    state, ledger = memory("clipped_abs")
    labels.take(state, ledger, labelled([(number, 1, float(number)) for number in range(1, 101)]))
    told = performance(state)["v1", "all"]
    assert told["mae"] == pytest.approx(50.5)
    assert told["rmse"] == pytest.approx(np.sqrt(np.mean(np.arange(1.0, 101.0) ** 2)))


def test_each_version_has_its_own_numbers_and_the_recent_ones_are_the_newest_predictions() -> None:
    state, ledger = memory()
    labels.take(state, ledger, labelled([(1000 + n, 1, 0.0) for n in range(accuracy.RECENT)], hour=1))
    labels.take(state, ledger, labelled([(5000, 1, 1.0)], hour=2, version="v2"))
    labels.take(state, ledger, labelled([(n, 1, 1.0) for n in range(accuracy.RECENT)]))
    told = {name: item["accuracy"] for name, item in performance(state).items()}
    assert told == {("v1", "all"): 0.5, ("v1", "recent"): 1.0, ("v2", "all"): 0.0, ("v2", "recent"): 0.0}


def test_a_correction_reaches_the_recent_rows_and_no_others_do() -> None:
    state, ledger = memory()
    labels.take(state, ledger, labelled([(n, 1, 0.0) for n in range(accuracy.RECENT + 100)]))
    labels.take(state, ledger, labelled([(n, 2, 1.0) for n in (*range(50), *range(200, 250))]))
    told = performance(state)
    assert told["v1", "all"] == {"n": 600, "accuracy": pytest.approx(1 - 100 / 600)}
    assert told["v1", "recent"] == {"n": 500, "accuracy": pytest.approx(1 - 50 / 500)}


def test_hours_that_are_dropped_stay_in_the_sums() -> None:
    state, ledger = memory()
    labels.take(state, ledger, labelled([(number, 1, float(number < 3)) for number in range(10)]))
    labels.take(state, ledger, labelled([(100 + number, 1, 0.0) for number in range(10)], hour=1))
    ledger.write()
    before = performance(state)["v1", "all"]
    labels.prune(state, ledger, HOURS[1])
    assert performance(state)["v1", "all"] == before
    assert performance(state)["v1", "recent"] == {"n": 10, "accuracy": 1.0}
    assert list(state.parts["labelled"]) == [HOURS[1]]
    assert len(labels.take(state, ledger, labelled([(500, 1, 1.0)])).fresh) == 0
    assert state.counts["late"] == 1
    assert (labels.before(state, HOURS[1]), labels.from_hour(state, HOURS[1])) == (10, 10)


def test_rows_that_are_forgotten_count_nowhere() -> None:
    state, ledger = memory()
    labels.take(state, ledger, labelled([(number, 1, float(number < 3)) for number in range(10)]))
    labels.take(state, ledger, labelled([(number, 1, 1.0) for number in range(10)], version="v2", hour=1))
    ledger.write()
    named = f"{FIRST_MS:012x}"
    gone = [f"{named[:8]}-{named[8:]}-7000-0000-{number:012x}" for number in (0, 1, 77)]
    assert labels.forget(state, ledger, gone) == 2
    ledger.write()
    told = performance(state)
    assert told["v1", "all"] == told["v1", "recent"] == {"n": 8, "accuracy": 1 - 1 / 8}
    assert told["v2", "all"] == {"n": 10, "accuracy": 0.0}
    assert ledger.read(LABELLED, HOURS[0])["id"].tolist() == list(range(2, 10))
    assert (state.labelled, labels.from_hour(state, HOURS[0])) == (18, 18)


def test_a_pass_reads_no_hours_but_those_it_has_truth_for() -> None:
    state, _ = memory()
    storage = MemoryStorage()
    ledger = Ledger(storage, "m", state, FixedClock()())
    for hour in range(3):
        labels.take(state, ledger, labelled([(1, 1, 0.0)], hour=hour))
    ledger.write()
    states.save(storage, "m", state)
    read: list[str] = []
    storage.before = lambda operation, _, name: read.append(f"{operation} {'/'.join(name.split('/')[2:5])}")
    later = Ledger(storage, "m", state, FixedClock()())
    labels.take(state, later, labelled([(2, 1, 0.0)], hour=1))
    accuracy.told(state)
    labels.before(state, HOURS[1])
    labels.prune(state, later, HOURS[1])
    later.write()
    assert read == [f"get labelled/{HOURS[1]}", f"put labelled/{HOURS[1]}"]
