"""What the monitor knows and decides rests on the logs, not on where a backlog was cut into steps."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import events
from automl.log import reader
from automl.log.reader import hour_of
from automl.monitoring import histograms, ingest
from automl.monitoring import state as states
from automl.monitoring.passes import Report
from automl.settings import Settings
from automl.storage import LOG
from tests.support.lake import contents
from tests.support.ledger import entries
from tests.support.replay import Replay
from tests.support.thresholds import begun, copied, publish, stream

HOURS, ROWS, LANES = 36, 60, 3
DRIFTED_HOURS, SOUND_HOURS = 8, 30
"""Hours from the first on whose rows are unlike those of training, and in which the champion is as good as it was."""


@cache
def backlog(case: str) -> Replay:
    """A model whose logs no pass has read. Truth is told an hour late through several writers, some of it together.

    Drift has come and gone by the end; then the champion fails. In one case, a better challenger waits; in another,
    the champion came by a promotion, and the one before is better.
    """
    replay = begun(promotion={"rows": 1_000})
    rng = np.random.default_rng(7)
    seen = rng.random((5_000, 1))
    replay.registry.register(replay.model, publish(replay, "v2", 0.5, binned_by=seen))
    replay.registry.promote(replay.model, "v2", "It tells its columns.")
    if case == "challenged":
        replay.registry.register(replay.model, publish(replay, "v3", 0.3, binned_by=seen))
    if case == "shadowed":
        replay.registry.register(replay.model, publish(replay, "v4", 0.65, binned_by=seen))
        replay.registry.promote(replay.model, "v4", "It looked better.")
    for hour in range(HOURS):
        drifted, concept = hour < DRIFTED_HOURS, 0.5 if hour < SOUND_HOURS else 0.3
        truths = stream(replay, ROWS, concept=concept, seed=hour, most=0.4 if drifted else 1.0)
        replay.clock.advance(hours=1)
        tell(replay, truths, rng)
    replay.clock.advance(hours=3)
    return replay


def tell(replay: Replay, truths: list[tuple[str, int]], rng: np.random.Generator) -> None:
    """Log truths in any order, by writers whose clocks disagree, so that hours overlap."""
    start_ms = round(replay.clock().timestamp() * 1000) // 3_600_000 * 3_600_000
    lanes: list[list[bytes]] = [[] for _ in range(LANES)]
    for place in rng.permutation(len(truths)).tolist():
        one, truth = truths[place]
        received = start_ms + 1_000 * int(rng.integers(-2_400, 2_400))
        line = {"id": one, "truth": truth, "at": received, "received": received}
        lanes[int(rng.integers(LANES))].append(orjson.dumps(line) + b"\n")
    for number, lines in enumerate(lanes):
        name = f"{replay.model}/truth/{hour_of(replay.clock())}/lane-{number}.jsonl"
        replay.storage.append(LOG, name, b"".join(lines), at=0)


def read_in(case: str, *, piece_bytes: int, truths: int, predictions: int) -> tuple[Replay, Report, int]:
    """A backlog read in such steps; the account afterwards, the report, and how many steps it took."""
    first = backlog(case)
    replay = Replay(first.spec, storage=copied(first.storage), settings=Settings(lake="on"))
    replay.clock.now = first.clock.now
    saves: list[str] = []
    replay.storage.before = lambda operation, _, name: (
        saves.append(name) if (operation, name) == ("put", f"{replay.model}/monitor.json") else None
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reader, "PIECE_BYTES", piece_bytes)
        patched.setattr(ingest, "STEP_TRUTHS", truths)
        patched.setattr(ingest, "STEP_PREDICTIONS", predictions)
        report = replay.watch()
    return replay, report, len(saves)


def known(replay: Replay) -> dict[str, Any]:
    """All that is left of a pass: state, ledger, tables, events and runs."""
    state = asdict(states.load(replay.storage, replay.model))
    for name in ("parts", "etag", "measured"):  # names of blobs, of this one; and sums that the report tells of
        del state[name]
    del state["report"]["last_pass"]  # of the last step alone
    return {
        "state": rounded(state),
        "entries": entries(replay.storage, replay.model),
        "tables": {kind: contents(replay.storage, replay.model, kind) for kind in ("predictions", "truth")},
        "events": [
            (event.kind, event.text, event.evidence) for event in events.history(replay.storage, replay.model)
        ],
        "runs": [run.cause for run in replay.runs.find(replay.model)],
        "pointer": replay.registry.pointer(replay.model).to_json(),
    }


def rounded(value: Any) -> Any:
    """The same but for the order in which numbers were added up."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


@cache
def at_once(case: str) -> tuple[dict[str, Any], Report]:
    """The same in one step."""
    replay, report, saves = read_in(case, piece_bytes=2**23, truths=10**6, predictions=10**6)
    assert saves == 2  # what it decided, and that it is done
    return known(replay), report


@pytest.mark.parametrize("case", ["alone", "challenged", "shadowed"])
@settings(max_examples=4, deadline=None)
@given(piece_bytes=st.integers(3_000, 20_000), truths=st.integers(100, 1_000), predictions=st.integers(150, 1_000))
def test_backlog_comes_to_the_same_end_wherever_it_is_cut(
    case: str, piece_bytes: int, truths: int, predictions: int
) -> None:
    whole, told = at_once(case)
    replay, report, _ = read_in(case, piece_bytes=piece_bytes, truths=truths, predictions=predictions)
    found = known(replay)
    for part, expected in whole.items():
        assert found[part] == expected, part
    assert (report.text, report.decisions) == (told.text, told.decisions)


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        ("alone", {"alarm", "retraining"}),
        ("challenged", {"alarm", "comparison", "kept"}),
        ("shadowed", {"rolled-back"}),
    ],
)
def test_such_a_backlog_takes_many_steps_and_decides_what_it_is_meant_to(case: str, kinds: set[str]) -> None:
    replay, _, saves = read_in(case, piece_bytes=2_000, truths=50, predictions=100)
    assert saves > HOURS / 2
    assert kinds <= {event.kind for event in events.history(replay.storage, replay.model)}
    assert histograms.HOURS_KEPT > HOURS  # so that the window of drift can be at any of its hours


def test_truth_of_an_hour_is_not_cut_and_its_predictions_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = begun(retrain={"on_alarm": False})
    rng = np.random.default_rng(1)
    for hour in range(5):
        truths = stream(replay, ROWS, concept=0.5, seed=hour)
        replay.clock.advance(hours=1)
        tell(replay, truths, rng)
    size = sum(info.size for info in replay.storage.find(LOG, f"{replay.model}/predictions/"))
    got = 0
    get_from = replay.storage.get_from

    def count(container: str, name: str, offset: int, length: int | None = None) -> bytes:
        nonlocal got
        data = get_from(container, name, offset, length)
        got += len(data) if "/predictions/" in name else 0
        return data

    monkeypatch.setattr(replay.storage, "get_from", count)
    monkeypatch.setattr(ingest, "STEP_TRUTHS", ROWS // 3)  # in the midst of each hour
    monkeypatch.setattr(reader, "PIECE_BYTES", 2_000)
    assert replay.watch().labelled == 5 * ROWS
    assert got < 1.3 * size  # what follows the last whole line of a piece is read twice
