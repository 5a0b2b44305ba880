"""The files of a version that are more than JSON of what is known anyway."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.training import heldout, provenance
from automl.training.baseline import baseline, loss_of, wilson_upper
from automl.training.infer import describe
from automl.values import MISSING

BINARY = Signature(
    features=(Feature(name="a", type="number"), Feature(name="c", type="category")),
    target="y",
    task="classification",
    classes=("no", "yes"),
)
NUMBER = Signature(features=BINARY.features, target="y", task="regression")


def tensors(rows: int = 100) -> Tensors:
    num = np.arange(rows, dtype=np.float64).reshape(-1, 1)
    num[0] = np.nan
    cat = np.array([[MISSING if row == 1 else "äöü"[row % 3]] for row in range(rows)], dtype=object)
    return Tensors(num=num, cat=cat)


def held(rows: Tensors) -> heldout.Heldout:
    return heldout.Heldout(
        tensors=rows, truth=np.arange(len(rows)), hashes=np.arange(len(rows), dtype=np.uint64) + np.uint64(2**63)
    )


def test_holdout_rows_come_back_bit_for_bit() -> None:
    given = held(tensors())
    back = heldout.load(heldout.dump(given, seed=0))
    np.testing.assert_array_equal(back.tensors.num, given.tensors.num)
    assert back.tensors.cat.tolist() == given.tensors.cat.tolist()
    assert {type(cell) for row in back.tensors.cat.tolist() for cell in row} == {str}
    assert back.hashes.tolist() == given.hashes.tolist()
    assert back.truth.tolist() == given.truth.tolist()


def test_holdout_rows_without_text_columns_come_back() -> None:
    rows = Tensors(num=np.ones((3, 1)), cat=np.empty((3, 0), dtype=object))
    assert heldout.load(heldout.dump(held(rows), seed=0)).tensors.cat.shape == (3, 0)


def test_at_most_five_thousand_holdout_rows_are_kept_and_stay_together() -> None:
    back = heldout.load(heldout.dump(held(tensors(6_000)), seed=0))
    assert len(back.tensors) == 5_000
    assert (back.hashes - np.uint64(2**63) == back.truth.astype(np.uint64)).all()
    assert np.nanmax(np.abs(back.tensors.num[:, 0] - back.truth)) == 0


def test_equal_holdouts_are_equal_bytes() -> None:
    assert heldout.dump(held(tensors()), seed=0) == heldout.dump(held(tensors()), seed=0)


def test_the_baseline_counts_every_training_row_once_in_every_column() -> None:
    rows = tensors()
    found = baseline(describe(BINARY, rows), rows, truth=["no"] * 10, answers=["no"] * 9 + ["yes"])
    number, category = found["features"]["a"], found["features"]["c"]
    assert sum(number["counts"]) + number["missing"] == 100
    assert len(number["counts"]) == len(number["edges"]) + 1 == 10
    assert sum(category["counts"]) + category["missing"] + category["other"] == 100
    assert category["missing"] == number["missing"] == 1
    assert category["values"][0] == "ä"
    assert found["prediction"] == {"values": ["no", "yes"], "counts": [9, 1]}


def test_a_column_of_few_different_numbers_has_few_bins() -> None:
    rows = Tensors(num=np.repeat([[0.0], [1.0]], 50, axis=0), cat=tensors().cat)
    found = baseline(NUMBER, rows, truth=[1.0, 2.0], answers=[1.0, 2.5])
    assert len(found["features"]["a"]["edges"]) <= 3
    assert sum(found["features"]["a"]["counts"]) == 100


def test_the_loss_of_classes_is_bounded_by_wilsons_interval() -> None:
    truth = ["no"] * 2_000
    found = loss_of(BINARY, truth, ["yes"] * 200 + ["no"] * 1_800)
    assert (found["kind"], found["mean"], found["n"]) == ("error", 0.1, 2_000)
    # Agresti & Coull's textbook form, solved as the larger root of |p - x| = z sqrt(p (1 - p) / n)
    z, n, share = 1.645, 2_000, 0.1
    roots = np.roots([1 + z**2 / n, -(2 * share + z**2 / n), share**2])
    assert found["upper"] == pytest.approx(max(roots))


def test_the_bound_of_a_perfect_holdout_is_above_zero_and_never_above_one() -> None:
    assert 0 < wilson_upper(0.0, 50) < 0.1
    assert wilson_upper(1.0, 5) == pytest.approx(1.0)
    assert wilson_upper(1.0, 5) <= 1.0


def test_the_loss_of_numbers_is_clipped_at_the_95th_percentile() -> None:
    rng = np.random.default_rng(0)
    truth, answers = np.zeros(1_000), rng.normal(size=1_000)
    answers[0] = 1e9
    found = loss_of(NUMBER, truth.tolist(), answers.tolist())
    assert found["clip"] == pytest.approx(np.quantile(np.abs(answers), 0.95))
    losses = np.minimum(np.abs(answers) / found["clip"], 1)
    assert found["mean"] == pytest.approx(losses.mean())
    assert found["upper"] == pytest.approx(losses.mean() + 1.645 * losses.std(ddof=1) / np.sqrt(1_000))


def test_a_holdout_without_any_error_has_a_loss_of_zero() -> None:
    assert loss_of(NUMBER, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])["mean"] == 0.0


def test_the_commit_is_that_of_the_checkout_and_absent_without_one(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert provenance.commit(tmp_path) == head


def test_the_libraries_that_shape_a_model_are_named() -> None:
    assert {"flaml", "onnxruntime", "scikit-learn"} <= provenance.libraries().keys()
