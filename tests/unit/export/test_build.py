"""What is in the file: inputs, outputs, versions, description, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from automl.errors import Rejected
from automl.export import SUPPORTED
from automl.export import build as building
from automl.export.build import build
from automl.export.prep import Prep, feeds
from automl.export.runtime import run, session
from automl.tensors import Tensors
from tests.unit.export.models import CLASSIFIERS, REGRESSORS
from tests.unit.export.tables import Fitted, fit, signature, target, tensors, with_features

BINARY = fit(CLASSIFIERS["lgbm"](), ("no", "yes"))


def shapes(values: list[onnx.ValueInfoProto]) -> dict[str, tuple[int, list[int]]]:
    """Element type and the fixed dimensions of each value."""
    return {
        value.name: (value.type.tensor_type.elem_type, [d.dim_value for d in value.type.tensor_type.shape.dim[1:]])
        for value in values
    }


def test_classifier_takes_num_and_cat_and_gives_label_and_probabilities() -> None:
    model = onnx.load_from_string(BINARY.export())
    assert shapes(list(model.graph.input)) == {"num": (TensorProto.DOUBLE, [4]), "cat": (TensorProto.STRING, [4])}
    assert shapes(list(model.graph.output)) == {
        "label": (TensorProto.STRING, []),
        "probabilities": (TensorProto.DOUBLE, [2]),
    }


def test_integer_classes_are_integers() -> None:
    model = onnx.load_from_string(fit(CLASSIFIERS["lgbm"](), (3, 7)).export())
    assert shapes(list(model.graph.output))["label"] == (TensorProto.INT64, [])


def test_regressor_gives_a_value() -> None:
    model = onnx.load_from_string(fit(REGRESSORS["lgbm"]()).export())
    assert shapes(list(model.graph.output)) == {"value": (TensorProto.DOUBLE, [1])}


def test_versions_of_the_format_are_those_every_supported_onnxruntime_reads() -> None:
    model = onnx.load_from_string(BINARY.export())
    assert {item.domain: item.version for item in model.opset_import} == {"": 21, "ai.onnx.ml": 5}
    assert model.ir_version == 10


def test_no_tensor_lies_outside_the_file() -> None:
    model = onnx.load_from_string(BINARY.export())
    assert all(not item.external_data for item in model.graph.initializer)


def test_file_describes_itself() -> None:
    model = onnx.load_from_string(BINARY.export())
    about = {item.key: item.value for item in model.metadata_props}
    assert model.producer_name == about["producer"] == "evergreen"
    assert about["estimator"] == "LGBMClassifier"
    assert json.loads(about["classes"]) == ["no", "yes"]
    assert json.loads(about["features"])[3] == ["at", "datetime"]
    assert json.loads(about["columns"]) == BINARY.prep.columns


def test_file_says_where_it_comes_from() -> None:
    about = {"model": "adult", "run": "r1", "version_time": "20261120T160000Z", "spec_sha256": "ab" * 32}
    exported = build(BINARY.prep, BINARY.estimator, BINARY.signature, BINARY.signature.classes, about)
    stored = {item.key: item.value for item in onnx.load_from_string(exported).metadata_props}
    assert about.items() <= stored.items()
    assert {"features", "classes", "target", "task"} <= set(stored)


def test_same_model_gives_the_same_bytes() -> None:
    assert BINARY.export() == BINARY.export()


@pytest.mark.parametrize(("names", "absent"), [(("age", "same"), "cat"), (("work", "only"), "num")])
def test_input_without_columns_is_absent(names: tuple[str, ...], absent: str) -> None:
    rows = tensors(np.random.default_rng(0), 100)
    used = with_features(signature(("n", "y")), *names)
    empty = np.empty((100, 0))
    narrow = (
        Tensors(num=rows.num[:, [0, 2]], cat=empty.astype(object))
        if absent == "cat"
        else Tensors(num=empty, cat=rows.cat[:, [1, 3]])
    )
    prep = Prep.fit(used, narrow)
    model = CLASSIFIERS["lgbm"]().fit(prep.transform(narrow).astype(float), target(np.random.default_rng(0), rows, 2))
    exported = build(prep, model, used, ("n", "y"))
    assert absent not in shapes(list(onnx.load_from_string(exported).graph.input))
    assert len(run(session(exported), feeds(narrow))["label"]) == 100


def test_most_probable_class_is_the_label_and_the_first_of_equals() -> None:
    tied = Fitted(
        signature=BINARY.signature,
        prep=BINARY.prep,
        estimator=CLASSIFIERS["lrl1"]().fit(np.ones((4, len(BINARY.prep.columns))), [0, 1, 0, 1]),
        holdout=BINARY.holdout,
    )
    tied.estimator.coef_[:] = 0.0
    tied.estimator.intercept_[:] = 0.0
    answers = run(session(tied.export()), feeds(BINARY.holdout))
    assert (answers["probabilities"] == 0.5).all()
    assert (answers["label"] == "no").all()


@pytest.mark.parametrize("order", [("yes", "no"), ("no",), ("no", "yes", "perhaps"), ()])
def test_classes_in_another_order_are_refused(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"to be those of the signature in the same order \(\['no', 'yes'\]\)"):
        build(BINARY.prep, BINARY.estimator, BINARY.signature, order)


def test_model_too_large_to_serve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "MAX_BYTES", 1000)
    with pytest.raises(Rejected, match=r"LGBMClassifier: expected a model of at most .* MiB, got"):
        BINARY.export()


def test_reading_what_is_supported_imports_neither_onnx_nor_an_estimator() -> None:
    program = (
        "import sys, automl.export as e; print(e.SUPPORTED['regression'][0], "
        "sorted({'onnx', 'numpy', 'skl2onnx', 'lightgbm', 'sklearn', 'xgboost'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "lgbm []"


def test_supported_estimators_are_those_the_specs_name() -> None:
    both = {"lgbm", "rf", "xgboost", "extra_tree", "xgb_limitdepth", "sgd", "histgb"}
    assert set(SUPPORTED["classification"]) - {"catboost"} == both | {"lrl1", "lrl2", "svc"}
    assert set(SUPPORTED["regression"]) - {"catboost"} == both | {"enet", "lassolars"}
    assert ("catboost" in SUPPORTED["regression"]) == (find_spec("catboost") is not None)
