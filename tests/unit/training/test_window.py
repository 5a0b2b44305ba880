from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.training.window import Window, choose, with_every_class

FEATURES = (Feature(name="a", type="number"), Feature(name="b", type="number"))
BINARY = Signature(features=FEATURES, target="y", task="classification", classes=("no", "yes"))
NUMBER = Signature(features=FEATURES, target="y", task="regression")


def stream(rows: int, *, changed_at: int, seed: int = 0) -> tuple[Tensors, npt.NDArray[Any]]:
    """Rows whose meaning turns round at one of them; every tenth is noise."""
    rng = np.random.default_rng(seed)
    num = rng.normal(size=(rows, 2))
    truth = num[:, 0] + num[:, 1] > 0
    truth[changed_at:] = ~truth[changed_at:]
    noise = rng.random(rows) < 0.1
    return Tensors(num=num, cat=np.empty((rows, 0), dtype=object)), (truth ^ noise).astype(np.int64)


def pick(setting: Any, tensors: Tensors, target: npt.NDArray[Any], labelled: int, **more: Any) -> Window:
    signature = more.pop("signature", BINARY)
    return choose(
        setting, signature, tensors, target, labelled=labelled, transform=lambda rows: rows.num, seed=0, **more
    )


def test_rows_from_before_a_change_are_left_out() -> None:
    window = pick("auto", *stream(8_000, changed_at=6_500), labelled=3_000)
    assert window.probe_rows == 750
    assert window.rows - window.probe_rows <= 1_000
    assert window.candidates[0][1] > 2 * min(loss for _, loss, _ in window.candidates)
    assert "judged on the newest 750 labelled rows" in window.reason


def test_all_rows_are_used_when_nothing_changed() -> None:
    window = pick("auto", *stream(8_000, changed_at=0), labelled=3_000)
    assert window.rows == window.of == 8_000


def test_numbers_are_judged_by_their_absolute_error() -> None:
    tensors, _ = stream(6_000, changed_at=0)
    target = tensors.num[:, 0] * np.where(np.arange(6_000) < 4_800, 1.0, -1.0)
    window = pick("auto", tensors, target, labelled=2_000, signature=NUMBER)
    assert window.rows - window.probe_rows < 1_200


def test_more_classes_than_two_are_judged_too() -> None:
    tensors, target = stream(6_000, changed_at=5_000)
    three = Signature(features=FEATURES, target="y", task="classification", classes=("a", "b", "c"))
    target[tensors.num[:, 0] > 1.5] = 2
    assert pick("auto", tensors, target, labelled=2_000, signature=three).rows < 2_000


def test_few_labelled_rows_choose_nothing() -> None:
    window = pick("auto", *stream(5_000, changed_at=4_900), labelled=199)
    assert (window.rows, window.candidates) == (5_000, ())
    assert "too few" in window.reason


def test_the_spec_decides_when_it_says_a_number_or_all() -> None:
    tensors, target = stream(5_000, changed_at=4_000)
    assert pick("all", tensors, target, 2_000).rows == 5_000
    assert pick(1_200, tensors, target, 2_000).rows == 1_200
    assert pick(9_000, tensors, target, 2_000).rows == 5_000


def test_the_choice_is_told_in_plain_json() -> None:
    told = pick("auto", *stream(4_000, changed_at=3_000), labelled=2_000).to_json()
    assert [sorted(item) for item in told["candidates"]] == [["error", "loss", "rows"]] * len(told["candidates"])
    assert told["of"] == 4_000


def test_a_class_that_left_the_window_keeps_its_newest_rows() -> None:
    target = np.array([2, 2, 2, 0, 1, 2, 0, 1, 0, 1, 0, 1])
    assert with_every_class(target, 4, classes=3, least=2).tolist() == [2, 5, 8, 9, 10, 11]
    assert with_every_class(target, 12, classes=3, least=2).tolist() == list(range(12))
    assert with_every_class(np.linspace(0, 1, 5), 2, classes=0, least=2).tolist() == [3, 4]
