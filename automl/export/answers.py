"""Two sets of answers to the same rows, and where they are unequal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.signature import Label, Signature

Floats = npt.NDArray[np.float64]

TIE = {np.dtype(np.float32): 5e-7, np.dtype(np.float64): 1e-12}
"""How far apart two probabilities of FLAML may be and still be one to its own rounding, by the dtype it computes in.

A forest's threads add in any order, XGBoost rounds to float32: below this FLAML itself may answer either class.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """The answers to N rows.

    Parameters
    ----------
    signature
        Names the classes.
    label
        int64 [N]: position of each label among the classes, -1 for none of them; None for regression.
    numbers
        [N, classes] probabilities in the dtype they were computed in, or [N, 1] values.
    """

    signature: Signature
    label: npt.NDArray[np.int64] | None
    numbers: npt.NDArray[np.floating]

    @classmethod
    def of_graph(cls, outputs: Mapping[str, npt.NDArray[Any]], signature: Signature) -> Answers:
        """What onnxruntime returned."""
        if signature.task == "regression":
            return cls(signature=signature, label=None, numbers=outputs["value"])
        label = _positions(outputs["label"], signature.classes)
        return cls(signature=signature, label=label, numbers=outputs["probabilities"])

    @classmethod
    def of_flaml(cls, predicted: npt.ArrayLike, probabilities: npt.ArrayLike | None, signature: Signature) -> Answers:
        """What `predict` and `predict_proba` returned; `probabilities` is None for regression."""
        if signature.task == "regression":
            return cls(signature=signature, label=None, numbers=np.asarray(predicted).reshape(-1, 1))
        label = _positions(np.asarray(predicted), signature.classes)
        return cls(signature=signature, label=label, numbers=np.asarray(probabilities))

    def shown(self, row: int) -> str:
        """One answer in words."""
        numbers = [float(number) for number in self.numbers[row]]
        if self.label is None:
            return repr(numbers[0])
        position = int(self.label[row])
        name = repr(self.signature.classes[position]) if position >= 0 else "no class of the signature"
        return f"{name} (probabilities {numbers})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """How two answers to the same rows differ.

    Parameters
    ----------
    unequal
        Rows with another label, or with a number farther away than the tolerance.
    ties
        Rows whose labels differ and are equally probable to FLAML's own rounding; not unequal.
    largest
        Largest difference of a number.
    """

    unequal: npt.NDArray[np.int64]
    ties: int
    largest: float

    @classmethod
    def of(cls, flaml: Answers, graph: Answers, tolerance: float) -> Comparison:
        """Compare row by row (at least one); NaN is unequal to everything."""
        difference = np.abs(flaml.numbers.astype(np.float64) - graph.numbers).max(axis=1)
        unequal = ~(difference <= tolerance)
        largest, ties = float(difference.max()), 0
        if flaml.label is not None and graph.label is not None:
            other = flaml.label != graph.label
            tied = other & _is_top(flaml, flaml.label) & _is_top(flaml, graph.label)
            ties = int(tied.sum())
            unequal |= other & ~tied
        return cls(unequal=np.flatnonzero(unequal), ties=ties, largest=largest)


def class_text(label: Label | np.generic) -> str:
    """The text by which two spellings of a class (7 and np.int64(7), True and "true") are one."""
    return values.category(label.item() if isinstance(label, np.generic) else label)


def _is_top(flaml: Answers, label: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the class named for each row is one of those that FLAML finds most probable."""
    named = np.take_along_axis(flaml.numbers, np.maximum(label, 0)[:, None], axis=1)[:, 0]
    within: npt.NDArray[np.bool_] = flaml.numbers.max(axis=1) - named <= TIE[flaml.numbers.dtype]
    return within & (label >= 0)


def _positions(labels: npt.NDArray[Any], classes: Sequence[Label]) -> npt.NDArray[np.int64]:
    known = {class_text(label): position for position, label in enumerate(classes)}
    different, inverse = np.unique(labels, return_inverse=True)
    positions = [known.get(class_text(label), -1) for label in different]
    return np.array(positions, dtype=np.int64)[inverse.reshape(-1)]
