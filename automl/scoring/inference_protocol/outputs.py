"""What a model answers, as tensors: `predict`, and for classes `probabilities`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from automl import values
from automl.scoring.inference_protocol import fields
from automl.scoring.inference_protocol.request import Request
from automl.scoring.session import Scores
from automl.signature import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output of a model.

    Parameters
    ----------
    width
        Elements of one row; None where an answer has the shape `[N]`.
    elements
        Those of an answer, row by row.
    """

    name: str
    datatype: str
    width: int | None
    elements: Callable[[Scores], Sequence[Any]]

    def shape(self, rows: int) -> list[int]:
        """Its shape for so many rows, -1 for any number of them."""
        return [rows] if self.width is None else [rows, self.width]


def outputs(signature: Signature) -> list[Output]:
    """The outputs of a model, in order."""
    datatype, labels = _label(signature)
    predict = Output(name="predict", datatype=datatype, width=None, elements=labels)
    if not signature.classes:
        return [predict]
    width = len(signature.classes)
    return [predict, Output(name="probabilities", datatype="FP64", width=width, elements=_probabilities)]


def chosen(signature: Signature, request: Request) -> list[tuple[Output, bool]]:
    """The outputs that a request asks for, each with whether in binary. Raises InvalidInput for one there is not."""
    known = {output.name: output for output in outputs(signature)}
    if not request.outputs:
        return [(output, request.binary) for output in known.values()]
    for wanted in request.outputs:
        if wanted.name not in known:
            got = f"{wanted.name[:100]!r}"
            raise fields.bad("outputs", "one of " + ", ".join(known), got, "Leave outputs out to get all.")
    return [
        (known[wanted.name], request.binary if wanted.binary is None else wanted.binary) for wanted in request.outputs
    ]


def _label(signature: Signature) -> tuple[str, Callable[[Scores], Sequence[Any]]]:
    """Datatype and elements of `predict`: text, whole numbers or booleans as the classes are; numbers without any."""
    kinds = {type(label) for label in signature.classes}
    if kinds == {bool}:
        return "BOOL", _labels
    if kinds == {int}:
        return "INT64", _labels
    if not kinds:
        return "FP64", _labels
    return "BYTES", lambda scores: [values.category(label) for label in scores.labels]


def _labels(scores: Scores) -> Sequence[Any]:
    return scores.labels


def _probabilities(scores: Scores) -> Sequence[Any]:
    assert scores.probabilities is not None  # noqa: S101  (a signature with classes)
    flat: list[float] = scores.probabilities.reshape(-1).tolist()
    return flat
