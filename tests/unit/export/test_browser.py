"""A model file scores in a browser as it scores here: with npm's onnxruntime-web, in Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import StackingClassifier

from automl.export.prep import feeds
from automl.export.runtime import run, session
from infra.local.node import find_node
from tests.unit.export.models import CLASSIFIERS, REGRESSORS
from tests.unit.export.tables import Fitted, fit

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "node_modules" / "onnxruntime-web"
ROWS = 40

pytestmark = pytest.mark.skipif(
    not PACKAGE.is_dir(), reason="npm's onnxruntime-web is not installed; `make test` installs it"
)


def models() -> dict[str, Fitted]:
    """One of every estimator, classes as texts and as numbers, and a stack."""
    members = [("rf", CLASSIFIERS["rf"]()), ("xgboost", CLASSIFIERS["xgboost"]())]
    return {
        **{f"{name}-2": fit(make(), ("nein", "ja ü")) for name, make in CLASSIFIERS.items()},
        **{f"{name}-3": fit(make(), (1, 2, 5)) for name, make in CLASSIFIERS.items()},
        **{f"{name}-value": fit(make()) for name, make in REGRESSORS.items()},
        "stack": fit(StackingClassifier(members, CLASSIFIERS["lgbm"](), cv=2, passthrough=True), ("n", "y")),
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """What onnxruntime-web and onnxruntime say of the same rows, by model."""
    folder, expected = tmp_path_factory.mktemp("browser"), {}
    for name, fitted in models().items():
        exported, rows = fitted.export(), fitted.holdout[:ROWS]
        (folder / f"{name}.onnx").write_bytes(exported)
        numbers = [None if np.isnan(value) else value for value in rows.num.ravel().tolist()]
        given = {"rows": ROWS, "num": numbers, "cat": rows.cat.ravel().tolist()}
        (folder / f"{name}.json").write_text(json.dumps(given), encoding="utf-8")
        expected[name] = {key: value.ravel() for key, value in run(session(exported), feeds(rows)).items()}
    script = Path(__file__).with_name("browser.mjs")
    done = subprocess.run([find_node().binary, script, folder], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return {name: (json.loads((folder / f"{name}.answer.json").read_bytes()), expected[name]) for name in expected}


def test_every_model_answers_in_a_browser_as_here(
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    for name, (browser, here) in answers.items():
        assert browser.keys() == here.keys(), name
        for output, values in here.items():
            if output == "label":
                assert browser[output] == values.tolist(), name
            else:
                np.testing.assert_allclose(browser[output], values, rtol=1e-9, atol=1e-12, err_msg=name)


def test_rows_with_missing_and_unseen_categories_are_among_them(
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    cells = fit(CLASSIFIERS["lgbm"](), ("n", "y")).holdout[:ROWS].cat.ravel().tolist()
    assert {"\u0000", "unheard of", "ç"} <= set(cells)
    assert len(answers) >= 25
