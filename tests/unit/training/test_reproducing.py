"""A version is made again of what is stored, and comes out the same; or the run says why it cannot be."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import orjson
import pytest

from automl.errors import Conflict, Rejected, Unavailable
from automl.events import iso
from automl.requests import request_reproduction
from automl.run import Cause, Run
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import MODELS, RAW
from automl.training.progress import Outcome
from automl.training.reproducing import reproduce
from tests.support.datasets import customers, to_csv
from tests.support.lake import contents, forget
from tests.support.replay import Replay

TASKS = ["binary", "multiclass", "regression"]


def model(*estimators: str, settings: Settings | None = None, **spec: Any) -> Replay:
    search = {"time_budget": 60, "max_iter": 3, "estimator_list": list(estimators or ["lgbm"])}
    wanted = {"name": "m", "target": "y", "search": search, "retrain": {"hold_back": 50}, **spec}
    return Replay(spec=Spec.from_json(wanted), settings=settings or Settings())


def again(replay: Replay, run: Run) -> Outcome:
    assert run.version is not None, run.message
    return reproduce(replay.storage, replay.registry, "m", run.version)


def labelled(replay: Replay, task: str, rows: int) -> list[str]:
    """Rows scored and labelled, 50 a minute; their ids."""
    columns = customers(rows, seed=1, task=task)
    truths = columns.pop("y")
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if replay.spec.columns.key:
        records = [{**record, "order": f"N-{row}"} for row, record in enumerate(records)]
    ids: list[str] = []
    for start in range(0, rows, 50):
        replay.clock.advance(minutes=1)
        given = [name for name, _ in replay.predict(records[start : start + 50])]
        replay.tell(list(zip(given, truths[start : start + 50], strict=True)))
        ids += given
    replay.clock.advance(minutes=1)
    return ids


def retrain(replay: Replay, first: Run) -> Run:
    cause = Cause(kind="accuracy", key=iso(replay.clock()), text="Accuracy fell.", at=replay.clock())
    replay.runs.request("m", cause, first.data, labelled={"until": iso(replay.clock()), "since": None})
    return replay.train_all()[-1]


@pytest.mark.parametrize(
    ("task", "estimator"),
    [
        ("binary", "lgbm"), ("binary", "rf"), ("binary", "xgboost"), ("binary", "lrl1"), ("binary", "sgd"),
        ("multiclass", "lgbm"), ("multiclass", "xgb_limitdepth"), ("multiclass", "extra_tree"),
        ("regression", "lgbm"), ("regression", "xgboost"), ("regression", "histgb"), ("regression", "enet"),
    ],
)  # fmt: skip
def test_a_first_version_is_reproduced(task: str, estimator: str) -> None:
    replay = model(estimator)
    outcome = again(replay, replay.upload_and_train(to_csv(customers(300, task=task))))
    assert outcome.status == "reproduced", outcome.message
    assert "The model file is the same, byte for byte." in outcome.message


@pytest.mark.parametrize("task", TASKS)
def test_a_stack_is_reproduced(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    automl: Any = import_module("flaml").AutoML
    fit = automl.fit

    def in_turn(self: Any, *rows: Any, **settings: Any) -> None:
        fit(
            self, *rows, **settings, learner_selector="roundrobin"
        )  # FLAML's own choice depends on how long trials take

    monkeypatch.setattr(automl, "fit", in_turn)
    search = {"time_budget": 60, "max_iter": 4, "estimator_list": ["lgbm", "extra_tree"], "ensemble": True}
    replay = Replay(spec=Spec.from_json({"name": "m", "target": "y", "search": search}), settings=Settings())
    run = replay.upload_and_train(to_csv(customers(300, task=task)))
    stack = replay.registry.manifest("m", str(run.version))["config"]["stack"]
    assert set(stack) == {"lgbm", "extra_tree"}
    outcome = again(replay, run)
    assert outcome.status == "reproduced", outcome.message


@pytest.mark.parametrize("task", TASKS)
def test_a_retrained_version_is_reproduced_after_its_truth_was_corrected(task: str) -> None:
    replay = model()
    first = replay.upload_and_train(to_csv(customers(300, task=task)))
    ids = labelled(replay, task, 300)
    second = retrain(replay, first)
    other = {"binary": "leaves", "multiclass": 0, "regression": 1.5}[task]
    replay.tell([(name, other) for name in ids])
    replay.clock.advance(minutes=1)
    for run, rows in ((first, 300), (second, 550)):
        assert run.version is not None
        assert replay.registry.manifest("m", run.version)["data"]["dataset"]["rows"] == rows
        outcome = again(replay, run)
        assert outcome.status == "reproduced", outcome.message
    third = retrain(replay, first)
    assert len(contents(replay.storage, "m", "dataset")) > 550  # the corrected rows are rows of their own
    assert again(replay, third).status == "reproduced"
    assert again(replay, second).status == "reproduced"


def test_rows_are_kept_once_and_a_table_that_grew_adds_those_that_are_new() -> None:
    replay = model(columns={"key": "order"})
    table = customers(300) | {"order": [f"A-{row}" for row in range(300)]}
    first = replay.upload_and_train(to_csv(table))
    replay.clock.advance(minutes=1)
    same = replay.upload_and_train(to_csv(table))
    kept = contents(replay.storage, "m", "dataset")
    assert sorted(row["row"] for row in kept) == list(range(300))
    assert {row["key"] for row in kept} == set(table["order"])
    replay.clock.advance(minutes=1)
    more = customers(360) | {"order": [f"A-{row}" for row in range(360)]}
    grown = {name: [*cells, *more[name][300:]] for name, cells in table.items()}
    third = replay.upload_and_train(to_csv(grown))
    assert len(contents(replay.storage, "m", "dataset")) == 360
    assert [again(replay, run).status for run in (first, same, third)] == ["reproduced"] * 3


def test_equal_rows_of_one_table_are_as_many_rows_of_the_dataset() -> None:
    replay = model()
    table = {name: cells * 2 for name, cells in customers(150).items()}
    assert again(replay, replay.upload_and_train(to_csv(table))).status == "reproduced"
    assert len(contents(replay.storage, "m", "dataset")) == 300


def test_a_run_that_died_before_it_published_leaves_rows_that_its_next_attempt_finds() -> None:
    replay = model()

    def cut(call: str, container: str, name: str) -> None:
        if container == MODELS and call == "put":
            raise Unavailable("The process is gone.")

    replay.storage.before = cut
    died = replay.upload_and_train(to_csv(customers(300)))
    assert died.version is None
    assert len(contents(replay.storage, "m", "dataset")) == 300
    replay.storage.before = lambda *_: None
    replay.clock.advance(minutes=1)
    second = replay.upload_and_train(to_csv(customers(300)))
    assert len(contents(replay.storage, "m", "dataset")) == 300
    assert again(replay, second).status == "reproduced"


def test_a_version_that_an_erased_row_was_part_of_is_refused_and_others_are_not() -> None:
    replay = model(columns={"key": "order"})
    table = customers(360) | {"order": [f"A-{row}" for row in range(360)]}
    first = replay.upload_and_train(to_csv({name: cells[:300] for name, cells in table.items()}))
    replay.clock.advance(minutes=1)
    second = replay.upload_and_train(to_csv(table))
    assert forget(replay.storage, "m", "A-359' OR 'a' = 'a") == 0
    assert forget(replay.storage, "m", "A-359") == 1
    with pytest.raises(Rejected, match="has 1 of the 360 rows no more: they were erased"):
        again(replay, second)
    assert again(replay, first).status == "reproduced"
    replay.clock.advance(minutes=1)
    third = replay.upload_and_train(to_csv(table))  # the upload has the row still: erasing it there is another's work
    numbers = [row["row"] for row in contents(replay.storage, "m", "dataset")]
    assert sorted(numbers) == [*range(359), 360]  # what the erased row was called is no other row's name
    assert again(replay, third).status == "reproduced"
    with pytest.raises(Rejected, match="erased"):
        again(replay, second)


def test_without_a_lake_the_manifest_says_that_the_rows_are_not_kept() -> None:
    replay = model(settings=Settings(lake="off"))
    version = replay.upload_and_train(to_csv(customers(300))).version
    assert version is not None
    manifest = replay.registry.manifest("m", version)
    assert manifest["data"]["dataset"] == {"reason": "EVERGREEN_LAKE is off"}
    assert "dataset.npz" not in manifest["files"]
    with pytest.raises(Conflict, match=r"cannot be reproduced: its rows were not kept \(EVERGREEN_LAKE is off\)"):
        request_reproduction(replay.registry, replay.runs, "m", version)
    with pytest.raises(Rejected, match="EVERGREEN_LAKE is off"):
        reproduce(replay.storage, replay.registry, "m", version)


def test_a_lake_that_cannot_be_reached_stops_no_training() -> None:
    replay = model()

    def cut(call: str, container: str, name: str) -> None:
        if call == "tables":
            raise Unavailable("The lake cannot be reached.")

    replay.storage.before = cut
    version = replay.upload_and_train(to_csv(customers(300))).version
    assert version is not None
    assert replay.registry.manifest("m", version)["data"]["dataset"] == {"reason": "The lake cannot be reached."}


def test_another_outcome_than_the_manifest_has_is_told_with_both_numbers() -> None:
    replay = model()
    version = replay.upload_and_train(to_csv(customers(300))).version
    assert version is not None
    manifest = replay.registry.manifest("m", version)
    accuracy = manifest["metrics"]["accuracy"]
    manifest["metrics"]["accuracy"] = accuracy * (1 + 1e-8)
    manifest["libraries"]["lightgbm"] = "1.0"
    replay.storage.put(MODELS, f"m/{version}/manifest.json", orjson.dumps(manifest))
    outcome = reproduce(replay.storage, replay.registry, "m", version)
    assert outcome.status == "differs"
    assert f"accuracy {accuracy!r} instead of {accuracy * (1 + 1e-8)!r}" in outcome.message
    assert "lightgbm 1.0 then" in outcome.message


def test_rows_that_were_changed_are_noticed() -> None:
    replay = model()
    version = replay.upload_and_train(to_csv(customers(300))).version
    assert version is not None
    manifest = replay.registry.manifest("m", version)
    manifest["data"]["dataset"]["sha256"] = "0" * 64
    replay.storage.put(MODELS, f"m/{version}/manifest.json", orjson.dumps(manifest))
    with pytest.raises(Rejected, match="they were changed"):
        reproduce(replay.storage, replay.registry, "m", version)


def test_the_upload_is_not_needed_any_more() -> None:
    replay = model()
    run = replay.upload_and_train(to_csv(customers(300)))
    replay.storage.delete(RAW, "m/table")
    assert again(replay, run).status == "reproduced"
