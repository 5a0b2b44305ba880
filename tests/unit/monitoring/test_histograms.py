"""Tallies come back as they were, grow old the same way at every pass, and stay small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.monitoring import histograms
from automl.monitoring.histograms import DAYS_KEPT, HOURS_KEPT, Tally
from automl.monitoring.ingest import hour_name
from automl.monitoring.state import State
from tests.unit.monitoring.drifting import reference

START = datetime(2026, 11, 20, tzinfo=UTC)


def tally(rows: int) -> Tally:
    found = Tally.empty(reference())
    found.rows = rows
    found.slots[0] = rows
    found.low[0], found.high[0] = -rows, rows
    return found


def hour(number: int) -> str:
    return hour_name(int(START.timestamp()) // 3600 + number)


def test_a_tally_comes_back_as_it_was() -> None:
    given = tally(5)
    given.note_new("job", ["miller", "x" * 100])
    back = Tally.unpack(orjson.loads(orjson.dumps(given.pack())))
    assert back.rows == 5
    assert back.slots.tolist() == given.slots.tolist()
    np.testing.assert_array_equal(back.low, given.low)
    np.testing.assert_array_equal(back.high, given.high)
    assert back.new == {"job": ["miller", "x" * 40]}


@settings(max_examples=30, deadline=None)
@given(hours=st.lists(st.integers(0, 100), min_size=1, max_size=30), passes=st.integers(1, 5))
def test_old_hours_become_days_and_the_end_is_the_same_in_one_pass_or_many(hours: list[int], passes: int) -> None:
    one, many, now = State(), State(), START + timedelta(hours=100)
    whole: dict[str, Tally] = {}
    for place, number in enumerate(hours):
        whole.setdefault(hour(number), Tally.empty(reference())).add(tally(place + 1))
    histograms.keep(one, {"v1": whole}, now)
    for turn in range(passes):
        for place, number in list(enumerate(hours))[turn::passes]:
            histograms.keep(many, {"v1": {hour(number): tally(place + 1)}}, now - timedelta(hours=passes - turn))
    histograms.keep(many, {}, now)
    assert many.histograms == one.histograms
    kept = one.histograms["v1"]
    assert sum(data["rows"] for data in kept.values()) == sum(range(len(hours) + 1))
    assert all(len(period) == 10 or period >= hour(100 - HOURS_KEPT) for period in kept)


def test_what_is_kept_is_bounded_in_time_and_in_bytes() -> None:
    state = State()
    for number in range(24 * (DAYS_KEPT + 10)):
        histograms.keep(state, {"v1": {hour(number): tally(1)}}, START + timedelta(hours=number))
    assert len(state.histograms["v1"]) <= HOURS_KEPT + DAYS_KEPT + 2
    assert len(orjson.dumps(state.histograms)) < 100_000
    histograms.keep(state, {}, START + timedelta(days=365))
    assert state.histograms == {}


def test_the_newest_window_spans_the_hours_asked_for_and_goes_on_until_it_has_the_rows() -> None:
    state = State()
    found = {hour(number): tally(10) for number in range(40)}
    histograms.keep(state, {"v1": found}, START + timedelta(hours=40))
    spanned = histograms.newest(state, "v1", hours=24, rows=100)
    assert spanned is not None
    assert (spanned.first, spanned.last, spanned.tally.rows) == (hour(16), hour(39), 240)
    larger = histograms.newest(state, "v1", hours=24, rows=300)
    assert larger is not None
    assert larger.tally.rows == 300
    whole = histograms.newest(state, "v1", hours=24, rows=10_000)
    assert whole is not None
    assert whole.tally.rows == 400
    assert histograms.newest(state, "v2", hours=24, rows=1) is None
