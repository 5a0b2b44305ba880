"""A run from the stored table to the published version, in this process and in memory."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import onnx
import orjson
import pytest

from automl import spec as specs
from automl.errors import InvalidInput, Rejected
from automl.evaluation.metrics import codes
from automl.events import iso
from automl.export.prep import Prep
from automl.export.stages import Predict
from automl.monitoring.drift_reference import References
from automl.parsing import Parser
from automl.registry import Registry
from automl.run import Cause, Run
from automl.runs import Runs
from automl.scoring import loading, rows
from automl.scoring.reading import Reading
from automl.settings import Settings
from automl.signature import Signature
from automl.spec import Spec
from automl.storage import RAW
from automl.tensors import Tensors
from automl.training import heldout, pipeline
from automl.training.dataset import read_table
from automl.training.infer import infer
from automl.training.progress import Outcome, Progress
from automl.training.rowhash import row_hashes
from automl.training.search import Found, search
from tests.support.clock import FixedClock
from tests.support.datasets import customers, to_csv
from tests.support.memory import MemoryStorage
from tests.support.replay import Replay
from tests.support.tables import shared_table


def spy(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the search is given, as it goes on to the real one."""
    seen: list[dict[str, Any]] = []

    def watched(matrix: Any, target: Any, **more: Any) -> Found:
        seen.append({"matrix": matrix, "target": target, **more})
        return search(matrix, target, **more)

    monkeypatch.setattr(pipeline, "search", watched)
    return seen


SEARCH = {"time_budget": 60, "max_iter": 3, "estimator_list": ["lgbm"]}


class Bench:
    """A model with its spec and its upload, ready to be trained."""

    def __init__(self, table: bytes, **spec: Any) -> None:
        self.storage = MemoryStorage()
        self.clock = FixedClock()
        self.registry = Registry(self.storage, self.clock)
        self.runs = Runs(self.storage, self.clock, Settings())
        self.spec = Spec.from_json({"name": "m", "target": "y", "search": SEARCH, **spec})
        specs.save(self.storage, self.spec)
        self.data = {"blob": "m/table", "etag": self.storage.put(RAW, "m/table", table), "format": "csv"}
        self.told: list[Progress] = []

    def request(self, key: str = "k") -> Run:
        cause = Cause(kind="request", key=key, text="Asked for.", at=self.clock())
        return self.runs.request("m", cause, self.data)

    def train(self, run: Run | None = None) -> Outcome:
        run = run or self.request()
        return pipeline.run(self.storage, run, self.spec, self.registry, clock=self.clock, progress=self.told.append)

    def json(self, version: str, name: str) -> Any:
        return orjson.loads(self.registry.file("m", version, name))


@pytest.mark.parametrize(
    ("task", "metric", "least"),
    [("binary", "roc_auc", 0.9), ("multiclass", "accuracy", 0.7), ("regression", "r2", 0.6)],
)
def test_a_table_becomes_a_version_that_loads_and_scores(task: str, metric: str, least: float) -> None:
    bench = Bench(to_csv(customers(600, task=task)), search={**SEARCH, "max_iter": 8})
    version = bench.train().version
    manifest = bench.registry.manifest("m", version)
    assert manifest["metrics"][metric] > least
    assert manifest["parity"]["rows"]["holdout"] == 120
    model = loading.load(bench.registry, "m", version)  # its golden rows run here
    record = {"age": 80, "income": 1.0, "plan": "pro", "city": None, "member": True, "since": "2025-06-01"}
    answer = model.score(rows.from_value(Reading(parser=Parser(model.signature)), record).tensors).labels[0]
    if task == "regression":
        assert float(answer) > 130
    else:
        assert answer == {"binary": "stays", "multiclass": 2}[task]


def test_an_ensemble_becomes_one_version_that_says_where_it_comes_from() -> None:
    wanted = {"time_budget": 60, "max_iter": 12, "estimator_list": ["rf", "extra_tree"], "ensemble": True}
    bench = Bench(to_csv(customers(400)), search=wanted)
    version = bench.train().version
    assert version is not None
    parity = bench.registry.manifest("m", version)["parity"]
    assert (parity["estimator"], parity["labels_unequal"]) == ("StackingClassifier", 0)
    model = bench.registry.file("m", version, "model.onnx")
    about = {item.key: item.value for item in onnx.load_from_string(model).metadata_props}
    assert version == f"{about['version_time']}-{hashlib.sha256(model).hexdigest()[:8]}"
    assert about["spec_sha256"] == bench.spec.sha256
    assert (about["model"], about["run"]) == ("m", bench.request().id)


def test_the_metrics_are_those_of_the_exported_model_on_rows_it_never_saw() -> None:
    bench = Bench(to_csv(customers(500)))
    version = bench.train().version
    model = loading.load(bench.registry, "m", version)
    held = heldout.load(bench.registry.file("m", version, "holdout.npz"))
    trained_on = np.load(io.BytesIO(bench.registry.file("m", version, "rows.npy")))
    assert len(held.truth) == 100
    assert len(trained_on) == 400
    assert not set(held.hashes.tolist()) & set(trained_on.tolist())
    labels = codes(model.score(held.tensors).labels, model.signature.classes)
    accuracy = float((labels == held.truth).mean())
    assert bench.json(version, "metrics.json")["holdout"]["accuracy"] == pytest.approx(accuracy)
    loss = bench.json(version, "baseline.json")["loss"]
    assert loss["mean"] == pytest.approx(1 - accuracy)
    assert loss["mean"] < loss["upper"] < 1


def test_a_version_says_what_its_columns_are_worth_and_how_its_probabilities_are_to_be_read() -> None:
    bench = Bench(to_csv(customers(600)))
    version = bench.train().version
    baseline = bench.json(version, "baseline.json")
    assert baseline["format"] == 2
    assert sum(feature["importance"] for feature in baseline["features"].values()) == pytest.approx(1)
    assert sum(baseline["score"]["counts"]) == 120
    calibration = bench.json(version, "calibration.json")
    assert (calibration["method"], calibration["n"], len(calibration["curves"])) == ("platt", 120, 1)
    found = References(bench.registry, "m").of(str(version))
    assert found is not None
    assert found.calibration is not None


def test_the_manifest_says_where_the_version_is_from() -> None:
    bench = Bench(to_csv(customers(300)))
    run = bench.request()
    version = bench.train(run).version
    manifest = bench.registry.manifest("m", version)
    assert version.startswith("20261120T160000Z-")
    assert (manifest["run_id"], manifest["trained_until"]) == (run.id, run.at)
    assert manifest["data"]["etag"] == bench.data["etag"]
    assert manifest["data"]["rows"] == 300
    assert manifest["labelled"] is manifest["window"] is None
    assert manifest["config"]["estimator"] == "lgbm"
    assert manifest["config"]["hyperparameters"] == manifest["starting_points"]["lgbm"]
    assert Spec.from_json(manifest["spec"]).sha256 == manifest["spec_sha256"]


def test_the_signature_tells_what_the_training_rows_show() -> None:
    bench = Bench(to_csv(customers(300)), columns={"drop": ["income"]})
    signature = bench.json(bench.train().version, "signature.json")
    features = {item["name"]: item for item in signature["features"]}
    assert sorted(features["plan"]["categories"]) == ["basic", "plus", "pro"]
    assert features["city"]["nullable"]
    assert 18 <= features["age"]["low"] < features["age"]["high"] <= 90
    assert signature["ignored"] == {"income": "dropped by the spec"}


def test_about_twenty_golden_rows_come_in_every_form_with_missing_and_unseen_cells() -> None:
    bench = Bench(to_csv(customers(300)))
    golden = bench.json(bench.train().version, "golden.json")
    assert 18 <= len(golden) <= 24
    assert {key for item in golden for key in item["request"]} == {
        "dataframe_records", "dataframe_split", "instances", "inputs",
    }  # fmt: skip
    text = orjson.dumps(golden).decode()
    assert "never seen in training" in text
    assert '"city":null' in text
    assert "T00:00:00+00:00" in text


def test_stages_come_in_order_and_the_percentage_never_falls() -> None:
    bench = Bench(to_csv(customers(300)))
    bench.train()
    stages = list(dict.fromkeys(news.stage for news in bench.told))
    assert stages == ["loading", "preparing", "searching", "exporting", "checking", "publishing"]
    percents = [news.percent for news in bench.told]
    assert percents == sorted(percents)
    assert 0 <= percents[0] < percents[-1] <= 100
    assert [news.trials for news in bench.told if news.stage == "searching"] == [0, 1, 2, 3]


def test_a_run_that_has_published_is_not_repeated() -> None:
    bench = Bench(to_csv(customers(300)))
    run = bench.request()
    first = bench.train(run)
    bench.told.clear()
    again = bench.train(run)
    assert again.version == first.version
    assert not bench.told
    assert bench.registry.versions("m") == [first.version]


def test_the_next_run_begins_where_the_champions_search_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(to_csv(customers(300)))
    version = bench.train().version
    bench.registry.register("m", version)
    seen = spy(monkeypatch)
    bench.clock.advance(hours=1)
    bench.train(bench.request("again"))
    assert seen[0]["starting_points"] == bench.registry.manifest("m", version)["starting_points"]


def test_neither_prep_nor_search_sees_the_holdout(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(to_csv(customers(500)))
    seen = spy(monkeypatch)
    version = bench.train().version
    held = heldout.load(bench.registry.file("m", version, "holdout.npz"))
    trained_on = np.load(io.BytesIO(bench.registry.file("m", version, "rows.npy")))
    assert len(seen[0]["matrix"]) == len(seen[0]["target"]) == len(trained_on) == 400
    assert not set(held.hashes.tolist()) & set(trained_on.tolist())
    again = Prep.fit(seen_signature(bench, version), trained_rows(bench, held))
    np.testing.assert_array_equal(
        np.sort(again.transform(trained_rows(bench, held)), axis=0), np.sort(seen[0]["matrix"], axis=0)
    )


def seen_signature(bench: Bench, version: str) -> Signature:
    return Signature.from_json(bench.json(version, "signature.json"))


def trained_rows(bench: Bench, held: heldout.Heldout) -> Tensors:
    """The rows of the table that are not held out, read once more."""
    found = infer(read_table(to_csv(customers(500)), "csv"), bench.spec)
    hashes = row_hashes(found.signature, found.tensors, found.target.values)
    return found.tensors[~np.isin(hashes, held.hashes)]


def test_a_time_column_holds_the_newest_rows_out() -> None:
    columns = customers(300)
    columns["at"] = [f"2026-{1 + row // 28:02d}-{1 + row % 28:02d}" for row in range(300)][::-1]
    bench = Bench(to_csv(columns), columns={"time": "at"})
    version = bench.train().version
    held = heldout.load(bench.registry.file("m", version, "holdout.npz"))
    numbers = Signature.from_json(bench.json(version, "signature.json")).numbers
    place = [feature.name for feature in numbers].index("at")
    newest_trained = numbers[place].high
    assert newest_trained is not None
    assert held.tensors.num[:, place].min() > newest_trained
    assert bench.registry.manifest("m", version)["split"]["kind"] == "time"


def test_a_model_that_answers_otherwise_after_export_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(to_csv(customers(300)))

    def turned(found: Found, signature: Signature) -> tuple[Predict, Predict]:
        labels = np.array(signature.classes, dtype=object)
        return (
            lambda matrix: labels[1 - found.model.predict(matrix)],
            lambda matrix: 1 - found.model.predict_proba(matrix),
        )

    monkeypatch.setattr(pipeline, "_flaml_answers", turned)
    with pytest.raises(Rejected, match="LGBMClassifier"):
        bench.train()
    assert bench.registry.versions("m") == []


def test_an_upload_that_was_changed_or_removed_since_is_refused() -> None:
    bench = Bench(to_csv(customers(300)))
    run = bench.request()
    bench.storage.put(RAW, "m/table", to_csv(customers(300, seed=1)))
    with pytest.raises(InvalidInput, match="changed since the run was asked for"):
        bench.train(run)
    bench.storage.delete(RAW, "m/table")
    with pytest.raises(InvalidInput, match="no such blob"):
        bench.train(run)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"", "an empty file"),
        (b"a,y\n", "a header only"),
        (to_csv(customers(10)), "at least 50 rows"),
        (to_csv(customers(300) | {"y": ["stays"] * 300}), "at least two classes"),
        (to_csv(customers(300) | {"y": [f"u{row}" for row in range(300)]}), "looks like an identifier"),
    ],
)
def test_a_table_that_cannot_be_trained_on_is_refused(table: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Bench(table).train()


# --- retraining ---------------------------------------------------------------------------------------------------


def retrained(window: Any = "auto") -> tuple[Replay, dict[str, Any], dict[str, Any]]:
    """A model whose concept turned round 1,500 labelled rows ago: the replay, and both manifests."""
    spec = {"name": "m", "target": "y", "search": SEARCH, "retrain": {"hold_back": 200, "window": window}}
    replay = Replay(spec=Spec.from_json(spec))
    first = replay.upload_and_train(to_csv(customers(1_500)))
    columns = customers(1_500, seed=1, flipped=True)
    truths = columns.pop("y")
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for start in range(0, 1_500, 50):
        replay.clock.advance(minutes=1)
        given = replay.predict(records[start : start + 50])
        replay.tell([(name, truth) for (name, _), truth in zip(given, truths[start : start + 50], strict=True)])
    replay.clock.advance(minutes=1)
    cause = Cause(kind="accuracy", key="alarm", text="Accuracy fell.", at=replay.clock())
    replay.runs.request("m", cause, first.data, labelled={"until": iso(replay.clock()), "since": None})
    second = replay.train_all()[-1]
    assert first.version is not None
    assert second.version is not None, second.message
    manifests = [replay.registry.manifest("m", run.version) for run in (first, second) if run.version]
    return replay, manifests[0], manifests[1]


def test_a_retraining_leaves_out_what_is_over_and_recovers() -> None:
    replay, _, second = retrained()
    window = second["window"]
    assert window["of"] == 1_500 + 1_300
    assert window["rows"] < 1_500
    assert len(window["candidates"]) >= 2
    assert second["metrics"]["accuracy"] > 0.85
    fresh = customers(400, seed=2, flipped=True)
    truths = fresh.pop("y")
    records = [dict(zip(fresh, row, strict=True)) for row in zip(*fresh.values(), strict=True)]
    model = replay.session(second["version"])
    tensors = rows.from_value(Reading(parser=Parser(model.signature)), {"dataframe_records": records}).tensors
    right = [answer == truth for answer, truth in zip(model.score(tensors).labels, truths, strict=True)]
    assert np.mean(right) > 0.85


def test_a_retraining_never_sees_the_rows_that_are_held_back() -> None:
    _, first, second = retrained("all")
    labelled = second["labelled"]
    assert (labelled["rows"], labelled["held_rows"], labelled["unfit_rows"]) == (1_300, 200, 0)
    assert second["trained_until"] < labelled["held_from"]
    assert second["split"]["train"] + second["split"]["holdout"] == 1_500 + 1_300
    assert second["data"]["sha256"] == first["data"]["sha256"]


# --- real tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "spec", "metric", "least"),
    [
        ("adult.csv", {"target": "income"}, "roc_auc", 0.88),
        ("bike_hour.csv", {"target": "cnt", "columns": {"drop": ["instant", "casual", "registered"]}}, "r2", 0.6),
    ],
)
def test_real_tables_pass_the_gate(name: str, spec: dict[str, Any], metric: str, least: float) -> None:
    trees = ["lgbm", "rf", "xgboost", "extra_tree", "xgb_limitdepth"]
    bench = Bench(shared_table(name), **spec, search={"time_budget": 60, "max_iter": 10, "estimator_list": trees})
    manifest = bench.registry.manifest("m", bench.train().version)
    assert manifest["parity"]["labels_unequal"] == 0
    assert manifest["parity"]["largest_difference"] <= manifest["parity"]["tolerance"]
    assert manifest["parity"]["rows"].keys() >= {"holdout", "golden", "threshold"}
    assert manifest["metrics"][metric] > least
