from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.training.rowhash import row_hashes
from automl.values import MISSING

SIGNATURE = Signature(
    features=(
        Feature(name="a", type="number"),
        Feature(name="b", type="number"),
        Feature(name="c", type="category"),
        Feature(name="d", type="category"),
    ),
    target="y",
    task="classification",
    classes=("no", "yes"),
)


def rows(*cells: tuple[float, float, str, str]) -> Tensors:
    num = np.array([row[:2] for row in cells], dtype=np.float64)
    return Tensors(num=num, cat=np.array([row[2:] for row in cells], dtype=object))


def test_equal_rows_have_equal_hashes_and_others_do_not() -> None:
    tensors = rows((1, 2, "x", "y"), (1, 2, "x", "y"), (2, 1, "x", "y"), (1, 2, "y", "x"), (1, 2, "x", MISSING))
    found = row_hashes(SIGNATURE, tensors, np.zeros(5, dtype=np.int64)).tolist()
    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_the_target_counts() -> None:
    found = row_hashes(SIGNATURE, rows((1, 2, "x", "y"), (1, 2, "x", "y")), np.array([0, 1]))
    assert found[0] != found[1]
    regression = replace(SIGNATURE, task="regression", classes=())
    found = row_hashes(regression, rows((1, 2, "x", "y"), (1, 2, "x", "y")), np.array([0.5, 0.25]))
    assert found[0] != found[1]


def test_every_nan_and_both_zeros_are_one() -> None:
    odd_nan = np.array([0x7FF8000000000123], dtype=np.uint64).view(np.float64)[0]
    tensors = rows((np.nan, 0.0, "x", "y"), (odd_nan, -0.0, "x", "y"))
    found = row_hashes(SIGNATURE, tensors, np.zeros(2, dtype=np.int64))
    assert found[0] == found[1]


def test_neither_the_order_of_columns_nor_that_of_classes_counts() -> None:
    turned = replace(SIGNATURE, features=SIGNATURE.features[::-1], classes=("yes", "no"))
    here = row_hashes(SIGNATURE, rows((1, 2, "x", "y")), np.array([0]))
    there = row_hashes(turned, rows((2, 1, "y", "x")), np.array([1]))
    assert here.tolist() == there.tolist()


def test_the_hash_of_a_row_never_changes_between_releases() -> None:
    found = row_hashes(SIGNATURE, rows((1.5, np.nan, "Straße", MISSING)), np.array([1]))
    assert [hex(value) for value in found.tolist()] == ["0x961a1fbda89b4296"]


def test_a_hundred_thousand_rows_have_as_many_hashes() -> None:
    rng = np.random.default_rng(0)
    cat = rng.integers(0, 50, (100_000, 2)).astype(str).astype(object)
    tensors = Tensors(num=rng.normal(size=(100_000, 2)), cat=cat)
    assert len(np.unique(row_hashes(SIGNATURE, tensors, rng.integers(0, 2, 100_000)))) == 100_000
