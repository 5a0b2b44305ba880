"""Truth by business key finds its predictions wherever they are, and reads nothing else to find them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.lake import delta
from automl.lake.key_index import MANY_PARTS, KeyIndex
from automl.lake.key_part import Part, Piece
from automl.log.ids import KEY_BLOB
from automl.monitoring import state as states
from automl.monitoring.labels import LABELLED, short
from automl.settings import Settings
from automl.storage import CONTROL, LOG
from tests.support.dying import deaths
from tests.support.keyed import indexed, part_names, parts, predict, tell
from tests.support.ledger import entries
from tests.support.replay import Replay
from tests.support.thresholds import begun, copied, publish

KEEP_DAYS = 3
GUARD_OFF = {"on": False}


def keyed(**spec: Any) -> Replay:
    return with_lake(begun(columns={"key": "order"}, guard=GUARD_OFF, **spec))


def with_lake(replay: Replay) -> Replay:
    replay.runs.settings = Settings(lake="on", log_keep_days=KEEP_DAYS)
    return replay


def twin(replay: Replay) -> Replay:
    other = with_lake(Replay(replay.spec, storage=copied(replay.storage)))
    other.clock.now = replay.clock.now
    return other


def again(replay: Replay) -> Replay:
    """The same account, seen by another process at the same moment."""
    return with_lake(Replay(replay.spec, storage=replay.storage, clock=replay.clock))


def watched(replay: Replay) -> int:
    """How many rows a pass has labelled for the first time."""
    report = replay.watch()
    assert (report.failure, report.lake) == (None, None)
    return report.labelled


def month(replay: Replay, days: int = 15) -> None:
    """Two predictions of one key, and one of another, each day; the first days are in the lake alone."""
    for day in range(days):
        predict(replay, f"order-{day}", "every-day", f"order-{day}")
        replay.clock.advance(hours=2)
        predict(replay, f"late-{day}")
        watched(replay)
        replay.clock.advance(hours=22)
    watched(replay)


def forgotten(replay: Replay) -> None:
    """As before there was an index."""
    for name in part_names(replay.storage, replay.model):
        replay.storage.delete(CONTROL, name)


@contextmanager
def days_of_the_lake_alone(replay: Replay, *days: str) -> Iterator[None]:
    """No other day of the lake's predictions can be read meanwhile: their files are elsewhere."""
    root = Path(replay.storage.tables().root) / replay.model / "predictions"
    away = [path for path in root.glob("date=*") if path.name.removeprefix("date=") not in days]
    assert away
    for path in away:
        path.rename(path.with_name("-" + path.name))
    yield
    for path in away:
        path.with_name("-" + path.name).rename(path)


@contextmanager
def log_reads(replay: Replay) -> Iterator[set[str]]:
    """Hours of the prediction log that are read meanwhile."""
    hours = set[str]()

    def before(operation: str, container: str, name: str) -> None:
        if container == LOG and operation in {"get", "get_from"} and "/predictions/" in name:
            hours.add("/".join(name.split("/")[2:4]))

    replay.storage.before = before
    yield hours
    replay.storage.before = lambda *_: None


def test_truth_by_key_that_is_weeks_late_reads_the_day_of_its_key_alone() -> None:
    replay = keyed()
    month(replay)
    tell(replay, {"key": "order-2"}, {"key": "never-predicted"})
    with days_of_the_lake_alone(replay, "2026-11-22"), log_reads(replay) as hours:
        assert watched(replay) == 2
    assert hours == set()
    assert [truth["key"] for truth in states.load(replay.storage, replay.model).pending] == ["never-predicted"]


def test_key_that_is_still_in_the_log_is_read_in_its_hour_alone() -> None:
    replay = keyed()
    month(replay)
    tell(replay, {"key": "late-13"})
    with days_of_the_lake_alone(replay), log_reads(replay) as hours:
        assert watched(replay) == 1
    assert hours == {"2026-12-03/18"}


def test_lines_that_came_while_the_pass_went_on_are_found_before_they_are_read() -> None:
    replay = keyed()
    predict(replay, "a")
    watched(replay)
    tell(replay, {"key": "b"})
    read = [True]

    def before(operation: str, container: str, name: str) -> None:
        if operation == "list" and name == f"{replay.model}/keys/" and read.pop(0):
            replay.storage.before = lambda *_: None
            predict(replay, "b")

    replay.storage.before = before
    assert watched(replay) == 1
    assert watched(replay) == 0


def test_what_was_logged_before_there_was_an_index_is_read_once_and_entered() -> None:
    replay = keyed()
    month(replay)
    forgotten(replay)
    tell(replay, {"key": "order-2"})
    with log_reads(replay) as hours:
        assert watched(replay) == 2
    assert len(hours) == 2 * KEEP_DAYS
    assert len(parts(replay.storage, replay.model)) == 15
    replay.clock.advance(minutes=1)
    tell(replay, {"key": "order-3"}, {"key": "order-13"})
    with days_of_the_lake_alone(replay, "2026-11-23"), log_reads(replay) as hours:
        assert watched(replay) == 4
    assert hours == {"2026-12-03/16"}


def test_day_of_the_lake_is_known_by_its_own_rows_alone() -> None:
    replay = keyed()
    month(replay)
    index, day = KeyIndex(replay.storage, replay.model), "2026-11-22"
    index.replace(day, Part(entries=index.hashes.of([]), pieces=(Piece("16/replay-1.jsonl", 0, 9_999),)))
    tell(replay, {"key": "order-2"})
    assert watched(replay) == 2
    assert index.day(day).table_rows == 4


def test_index_of_another_secret_counts_for_nothing() -> None:
    replay = keyed()
    month(replay)
    replay.storage.delete(CONTROL, KEY_BLOB)
    tell(replay, {"key": "every-day"})
    assert watched(replay) == 15
    tell(replay, {"key": "never-predicted"})
    with days_of_the_lake_alone(replay), log_reads(replay) as hours:
        assert watched(replay) == 0
    assert hours == set()
    newest = "2026-12-04"
    assert {count for day, count in parts(replay.storage, replay.model).items() if day < newest} == {1}
    assert indexed(replay.storage, replay.model, ["order-1", "late-14"]) == {"order-1", "late-14"}


def test_model_without_keys_has_no_index() -> None:
    replay = with_lake(begun())
    predict(replay, None, None)
    watched(replay)
    assert part_names(replay.storage, replay.model) == []


def test_parts_of_a_day_are_put_together_while_it_lasts_and_when_it_is_over() -> None:
    replay = keyed()
    for minute in range(3 * MANY_PARTS):
        predict(replay, f"order-{minute}")
        watched(replay)
        assert max(parts(replay.storage, replay.model).values()) <= MANY_PARTS
        replay.clock.advance(minutes=1)
    replay.clock.advance(days=1)
    predict(replay, "tomorrow")
    watched(replay)
    assert parts(replay.storage, replay.model) == {"2026-11-20": 1, "2026-11-21": 1}
    tell(replay, *({"key": f"order-{minute}"} for minute in range(3 * MANY_PARTS)))
    assert watched(replay) == 3 * MANY_PARTS


def test_entry_takes_six_bytes_and_a_state_that_is_opened_holds_none() -> None:
    replay = keyed()
    predict(replay, *(f"order-{number}" for number in range(2_000)))
    watched(replay)
    (name,) = part_names(replay.storage, replay.model)
    assert replay.storage.size(CONTROL, name) < 2_000 * 6 + 300
    assert "keys" not in states.load(replay.storage, replay.model).parts


def test_days_that_retention_removes_leave_the_index_too() -> None:
    replay = keyed(keep={"days": 5})
    month(replay, days=9)
    assert min(parts(replay.storage, replay.model)) == "2026-11-24"
    replay.runs.settings = Settings(lake="off")
    replay.clock.advance(days=3)
    watched(replay)
    assert min(parts(replay.storage, replay.model)) == "2026-11-27"


def remembered(replay: Replay) -> dict[str, Any]:
    """What a state holds and names, but for how far it has read and when."""
    state = asdict(states.load(replay.storage, replay.model))
    for name in ("offsets", "parts", "etag", "report", "event"):
        del state[name]
    return state | {"entries": entries(replay.storage, replay.model)}


def told_late() -> Replay:
    """Days in the lake and in the log; nobody has watched the newest predictions and truths."""
    replay = keyed()
    month(replay, days=6)
    predict(replay, "fresh", "order-1")
    tell(replay, {"key": "order-1"}, {"key": "order-5"}, {"key": "fresh"}, {"key": "to-come"})
    return replay


def followed(replay: Replay) -> tuple[dict[str, Any], set[str], list[Any]]:
    """What a pass has left, which keys the index has, and what is labelled after more truth of them."""
    left = remembered(replay)
    every = [f"{kind}-{day}" for kind in ("order", "late") for day in range(6)]
    there = indexed(replay.storage, replay.model, every)
    replay.clock.advance(minutes=1)
    predict(replay, "to-come")
    tell(replay, {"key": "late-0"}, {"key": "late-5"}, {"key": "every-day"})
    watched(replay)
    return left, there, labelled(replay)


def labelled(replay: Replay) -> list[Any]:
    """Every labelled row but for its id."""
    found = entries(replay.storage, replay.model)
    return sorted((hour, row[1:]) for (kind, hour), rows in found.items() if kind == LABELLED.name for row in rows)


@pytest.mark.parametrize("has_index", [True, False])
def test_pass_that_dies_at_any_operation_finds_the_same_keys(*, has_index: bool) -> None:
    start = told_late()
    if not has_index:
        forgotten(start)
    quiet = twin(start)
    quiet.watch()
    expected = followed(quiet)
    step = 0
    for step, replay in deaths(lambda: twin(start)):
        assert followed(replay) == expected, f"dying at operation {step}"
    assert step > 40


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("place", ["list", "get", "put", "delete"])
def test_two_monitors_at_once_find_the_same_keys(place: str, *, has_index: bool) -> None:
    start = told_late()
    if not has_index:
        forgotten(start)
    quiet, here = twin(start), twin(start)
    quiet.watch()
    here.storage.before = meddling(here, place)
    here.watch()
    here.storage.before = lambda *_: None
    here.watch()
    assert followed(here) == followed(quiet)


def meddling(replay: Replay, place: str) -> Callable[[str, str, str], None]:
    """Another monitor that makes a whole pass before every fourth operation of one kind."""
    numbers = itertools.count()

    def before(operation: str, *_: str) -> None:
        if operation == place and next(numbers) % 4 == 3:
            replay.storage.before = lambda *_: None
            again(replay).watch()
            replay.storage.before = before

    return before


class Plain:
    """The join as it is meant: every truth of a key for every prediction that its pass finds, or else the first to
    come; of each prediction the truth stands that was true last, then came last.
    """

    def __init__(self) -> None:
        self._logged: list[tuple[str, str]] = []
        self._fresh: list[tuple[str, str]] = []
        self._told: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []
        self._seen: list[dict[str, Any]] = []
        self._stands: dict[str, dict[str, Any]] = {}

    def predicted(self, ids: list[str], keys: list[str]) -> None:
        self._fresh += zip(ids, keys, strict=True)

    def told(self, truths: list[dict[str, Any]]) -> None:
        self._told += [truth for truth in truths if truth not in self._seen]
        self._seen += truths

    def watched(self) -> None:
        everything, waiting = self._logged + self._fresh, list[dict[str, Any]]()
        for truths, among in ((self._waiting, self._fresh), (self._told, everything)):
            for truth in truths:
                found = [one for one, key in among if truth.get("id", one) == one and truth.get("key", key) == key]
                for one in found:
                    if one not in self._stands or _order(truth) >= _order(self._stands[one]):
                        self._stands[one] = truth
                waiting += [] if found else [truth]
        self._logged, self._fresh, self._told, self._waiting = everything, [], [], waiting

    def labelled(self) -> set[tuple[int, float]]:
        return {(short(one), float(truth["truth"])) for one, truth in self._stands.items()}

    def pending(self) -> int:
        return len(self._waiting)


def _order(truth: dict[str, Any]) -> tuple[int, int]:
    return truth["at"], truth["received"]


@pytest.mark.parametrize("seed", range(6))
def test_join_is_the_plain_one_whatever_happens_to_the_index(seed: int) -> None:
    rng, replay, plain = np.random.default_rng(seed), keyed(), Plain()
    publish(replay, "v2", 0.4)
    pool = [f"order-{number}" for number in range(30)] + ['with "quotes"', "with \\ and ü", "  ", "line\nbreak"]
    ids: list[str] = []
    old: list[dict[str, Any]] = []
    for _ in range(30):
        for _ in range(int(rng.integers(1, 4))):
            keys = [pool[place] for place in rng.integers(0, len(pool), int(rng.integers(1, 4)))]
            made = predict(replay, *keys, version=str(rng.choice(["v1", "v2"])))
            plain.predicted(made, keys)
            ids += made
            replay.clock.advance(minutes=float(rng.integers(1, 50)))
        for _ in range(int(rng.integers(0, 4))):
            name = {"id": str(rng.choice(ids))} if rng.random() < 0.2 else {"key": str(rng.choice(pool))}
            now_ms = round(replay.clock().timestamp() * 1000)
            truths = tell(replay, name, truth=int(rng.integers(2)), at=now_ms - int(rng.integers(10**9)))
            plain.told(truths)
            old += truths
            replay.clock.advance(minutes=1)
        if rng.random() < 0.5:
            disturb(replay, rng)
        watched(replay)
        plain.watched()
        state = states.load(replay.storage, replay.model)
        assert len(state.pending) == plain.pending()
        assert counted(replay) == plain.labelled()
        replay.clock.advance(hours=float(rng.integers(1, 20)))
    assert len(plain.labelled()) > 40
    assert delta.open_table(replay.storage, replay.model, "predictions") is not None


def disturb(replay: Replay, rng: np.random.Generator) -> None:
    """Take parts of the index away, or the secret, or have a blob of the log twice."""
    names = part_names(replay.storage, replay.model)
    chance = rng.random()
    if chance < 0.6:
        for name in names:
            if rng.random() < 0.3:
                replay.storage.delete(CONTROL, name)
    elif chance < 0.8:
        replay.storage.delete(CONTROL, KEY_BLOB)
    else:
        blobs = [info.name for info in replay.storage.find(LOG, f"{replay.model}/predictions/")]
        name = str(rng.choice(blobs))
        twice = name.replace("replay-1", "again-1")
        if twice not in blobs:
            replay.storage.append(LOG, twice, replay.storage.get_from(LOG, name, 0), at=0)


def counted(replay: Replay) -> set[tuple[int, float]]:
    """The last 8 bytes of each labelled id, and the truth that stands."""
    names = LABELLED.dtype.names or ()
    place, truth = names.index("id"), names.index("truth")
    found = entries(replay.storage, replay.model)
    return {(row[place], row[truth]) for (kind, _), rows in found.items() if kind == LABELLED.name for row in rows}
