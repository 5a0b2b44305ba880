"""A challenger that wins overall stays out when a slice is shown to be worse, or when it is much slower."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl import events
from automl.events import Event
from automl.lake.mark import Mark
from automl.monitoring import vetoes
from automl.monitoring.contest import Contest, Floats, Sample, open_contest
from automl.monitoring.drift_reference import References
from automl.monitoring.scene import Scene
from automl.scoring.session import ModelSession, Scores
from automl.spec import Spec
from automl.tensors import Tensors
from tests.support.replay import Replay
from tests.support.thresholds import SPEC, publish
from tests.unit.monitoring.test_judge import challenged, held

EVEN = np.linspace(0, 1, 1_001)[:, None]
"""Training rows whose fifths begin at 0, 0.2, 0.4, 0.6 and 0.8."""


def contested(champion: float, challenger: float, *, names: tuple[str, ...] = ("x",), **spec: Any) -> Replay:
    """A champion and a challenger with these thresholds, whose rows are told apart by fifths."""
    replay = Replay(Spec.from_json({**SPEC, "retrain": {"on_alarm": False}, **spec}))
    rows = np.repeat(EVEN, len(names), axis=1)
    for version, threshold in (("v1", champion), ("v2", challenger)):
        replay.registry.register(
            replay.model, publish(replay, version, threshold, names=names, error=0.5, binned_by=rows)
        )
    return replay


def answered(replay: Replay, truth: Callable[[float], bool], rows: int = 1_000) -> Event:
    """Tell the truth of rows, let the monitor look, and what came of it."""
    for start in range(0, rows, 500):
        replay.clock.advance(seconds=1)
        values = np.random.default_rng(start).random(500).tolist()
        scored = replay.predict([{"x": value} for value in values])
        replay.tell([(one, int(truth(value))) for (one, _), value in zip(scored, values, strict=True)])
    replay.watch()
    return events.history(replay.storage, replay.model)[-1]


def scene_of(replay: Replay) -> Scene:
    return Scene(
        registry=replay.registry,
        runs=replay.runs,
        model=replay.model,
        spec=replay.spec,
        pointer=replay.registry.pointer(replay.model),
        references=References(replay.registry, replay.model),
        tables="",
        mark=Mark(),
        now=replay.clock(),
        timer_ns=lambda: replay.timer_ns,
    )


def taking(replay: Replay, monkeypatch: pytest.MonkeyPatch, **milliseconds: float) -> None:
    """Let every call of a version take that long by the monitor's timer."""
    score = ModelSession.score

    def timed(self: ModelSession, rows: Tensors) -> Scores:
        replay.timer_ns += round(1e6 * milliseconds[self.version])
        return score(self, rows)

    monkeypatch.setattr(ModelSession, "score", timed)


def better_but_between_06_and_07(value: float) -> bool:
    """Where the challenger (0.7) is right and the champion (0.3) wrong, from 0.3 to 0.6; and the other way round."""
    return value > 0.6


SLICED: dict[str, Any] = {"monitor": {"slices": ["x"]}}


def test_a_challenger_that_is_worse_in_a_slice_is_kept_out_although_it_wins() -> None:
    event = answered(contested(0.3, 0.7, **SLICED), better_but_between_06_and_07)
    assert event.kind == "kept"
    assert event.text.startswith(
        "Champion v1 stays, as challenger v2, which has won overall, is held back by a veto: in slice x=0.6 to 0.8 "
        "its loss (0 to 1) is 0."
    )
    (veto,) = event.evidence["vetoes"]
    assert (veto["kind"], veto["slice"]) == ("slice", "x=0.6 to 0.8")
    assert veto["difference"] == pytest.approx(-0.5, abs=0.1)
    assert veto["z"] >= veto["bound"] == pytest.approx(2.878, abs=0.01)  # 1% over five slices
    assert event.evidence["z"] >= event.evidence["bound"]


def test_the_same_challenger_is_promoted_where_no_slices_are_named() -> None:
    event = answered(contested(0.3, 0.7), better_but_between_06_and_07)
    assert event.kind == "promoted"


def test_a_challenger_that_is_no_worse_in_any_slice_is_promoted() -> None:
    assert answered(contested(0.3, 0.7, **SLICED), lambda value: value > 0.7).kind == "promoted"


def test_a_slice_may_be_worse_by_the_margin() -> None:
    spec = {**SLICED, "promotion": {"margin": 0.2}}
    assert answered(contested(0.3, 0.62, **spec), better_but_between_06_and_07).kind == "promoted"  # by 10 points


def test_a_slice_with_few_rows_has_no_say() -> None:
    replay = contested(0.3, 0.7, **SLICED)
    records = [{"x": 0.5}] * 500 + [{"x": 0.65}] * (vetoes.LEAST_ROWS - 1)
    worse = np.array([0.0] * 500 + [1.0] * (vetoes.LEAST_ROWS - 1))
    sample = Sample(records=records, champion=np.zeros(len(records)), challenger=worse)
    assert vetoes.slices(scene_of(replay), contest_of(replay), sample) == []
    more = Sample(records=[*records, {"x": 0.65}], champion=np.zeros(600), challenger=np.append(worse, 1.0))
    assert [veto.evidence["slice"] for veto in vetoes.slices(scene_of(replay), contest_of(replay), more)] == [
        "x=0.6 to 0.8"
    ]


def _losses(is_wrong: npt.NDArray[np.bool_]) -> Floats:
    return is_wrong.astype(np.float64)


def contest_of(replay: Replay) -> Contest:
    return open_contest(replay.registry, replay.model, "v1", "v2")


def test_a_challenger_that_is_equal_everywhere_is_hardly_ever_vetoed_however_many_slices_there_are() -> None:
    names = ("a", "b", "c", "d", "e")
    replay = contested(0.3, 0.7, names=names, monitor={"slices": list(names)}, promotion={"margin": 0.0})
    scene, contest, rng = scene_of(replay), contest_of(replay), np.random.default_rng(1)
    found = 0
    for _ in range(100):
        records = [dict(zip(names, row, strict=True)) for row in rng.random((800, 5)).tolist()]
        drawn = rng.random(800)
        sample = Sample(records=records, champion=_losses(drawn < 0.1), challenger=_losses(drawn > 0.9))
        found += bool(vetoes.slices(scene, contest, sample))
    assert found <= 3


def test_a_challenger_that_is_much_slower_is_kept_out_although_it_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = contested(0.3, 0.7)
    taking(replay, monkeypatch, v1=2.0, v2=7.0)
    event = answered(replay, lambda value: value > 0.7)
    assert event.kind == "kept"
    assert (
        "it takes 7.0 ms for one row and the champion 2.0 ms, 3.5 times as long (a veto above 3 times)" in event.text
    )
    (veto,) = event.evidence["vetoes"]
    assert (veto["kind"], veto["ratio"], veto["slowest"]) == ("latency", 3.5, 3.0)


@pytest.mark.parametrize(
    ("champion_ms", "challenger_ms", "slowest"), [(0.01, 0.9, 3.0), (2.0, 5.9, 3.0), (2.0, 7.0, 4.0)]
)
def test_a_challenger_within_a_millisecond_or_within_what_the_spec_allows_is_quick_enough(
    champion_ms: float, challenger_ms: float, slowest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = contested(0.3, 0.7, promotion={"slowest": slowest})
    taking(replay, monkeypatch, v1=champion_ms, v2=challenger_ms)
    assert answered(replay, lambda value: value > 0.7).kind == "promoted"


def test_both_are_timed_by_turns_on_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = contested(0.3, 0.7)
    contest, seen = contest_of(replay), list[tuple[str, float]]()
    score = ModelSession.score

    def noted(self: ModelSession, rows: Tensors) -> Scores:
        seen.append((self.version, float(rows.num[0, 0])))
        return score(self, rows)

    monkeypatch.setattr(ModelSession, "score", noted)
    records = [{"x": place / 100} for place in range(100)]
    nothing = np.zeros(100)
    sample = Sample(records=records, champion=nothing, challenger=nothing)
    assert vetoes.latency(contest, sample, slowest=3.0, timer_ns=lambda: 0) is None
    assert [version for version, _ in seen[:4]] == ["v2", "v1", "v1", "v2"]
    assert len(seen) == 2 * vetoes.TIMED_ROWS
    assert {x for version, x in seen if version == "v1"} == {x for version, x in seen if version == "v2"}


def test_a_vetoed_challenger_is_not_recommended_to_a_person_either() -> None:
    spec = {**SLICED, "promotion": {"mode": "manual"}}
    assert answered(contested(0.3, 0.7, **spec), better_but_between_06_and_07).kind == "kept"


def test_without_any_truth_a_slow_challenger_is_kept_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = challenged(0.5, held(1000, 0.5))
    taking(replay, monkeypatch, v2=1.0, v3=50.0)
    assert "held back by a veto: it takes 50.0 ms" in replay.watch().decisions[-1]
