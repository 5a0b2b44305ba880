"""One model version in memory: an onnxruntime session with its signature, both checked against each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.log.records import Recorder
from automl.log.redaction import Redaction
from automl.parsing import Parser
from automl.scoring import guard, runtime
from automl.scoring.guard import Unfit
from automl.scoring.reading import Limits, Reading
from automl.scoring.trial import Trial
from automl.signature import Label, Signature
from automl.tensors import Tensors

CALL_ROWS = 1024
"""Most rows of one call of onnxruntime, so that what a call allocates does not grow with the request."""

_TYPES = {"num": "tensor(double)", "cat": "tensor(string)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The answer of a model to N rows.

    Parameters
    ----------
    labels
        Classes of the signature, or floats for regression.
    probabilities
        float64 [N, n_classes] in the order of the signature's classes; None for regression.
    """

    labels: Sequence[Label | float]
    probabilities: npt.NDArray[np.float64] | None

    def unanswered(self) -> list[int]:
        """The rows whose answer is not a finite number: their values are too large for the model's arithmetic."""
        if len(self.labels) == 1:  # one row is looked at in less time than numpy is called
            cells = self.labels if self.probabilities is None else self.probabilities[0].tolist()
            return [] if all(map(math.isfinite, cells)) else [0]
        numbers = np.asarray(self.labels, dtype=np.float64) if self.probabilities is None else self.probabilities
        finite = np.isfinite(numbers)
        return [] if finite.all() else np.flatnonzero(~finite.reshape(len(numbers), -1).all(axis=1)).tolist()


class ModelSession:
    """A model version that scores. Safe to use from several threads.

    Parameters
    ----------
    onnx
        The graph: inputs `num` (double [N, C]) and `cat` (string [N, K]) where they have columns; outputs `label` and
        `probabilities`, or `value` for regression.
    key
        The column that carries the business key, if there is one.
    redaction
        The model's columns that are never logged; where none is given they are not known, and none is logged.

    Raises
    ------
    Unfit
        When the guard or onnxruntime refuses the graph, or graph and signature disagree.
    """

    def __init__(
        self,
        model: str,
        version: str,
        onnx: bytes,
        signature: Signature,
        *,
        key: str | None = None,
        redaction: Redaction | None = None,
    ) -> None:
        self.model = model
        self.version = version
        self.signature = signature
        self.key = key
        self.parser = Parser(signature, strict=True)
        """Reads the rows of requests."""
        self._reading = Reading(parser=self.parser, key=key)
        self._redaction = redaction or Redaction()
        self.recorder = self._recorder("champion")
        """Writes the lines of the log."""
        self.trial: Trial | None = None
        """The challenger that answers a share of what this version is asked as champion, if one does."""
        self.memory_bytes = runtime.memory_bytes(len(onnx))
        """What this session takes, by estimate."""
        self.quick_rows = 1
        """How many rows it scores in about a millisecond, as measured when it was loaded."""
        self.class_names = [values.category(label) for label in signature.classes]
        """The classes as text, as the keys of an answer's probabilities."""
        guard.check(onnx)
        self._session = runtime.session(onnx)
        widths = {"num": len(signature.numbers), "cat": len(signature.categories)}
        self._inputs = [name for name, width in widths.items() if width]
        self._check_inputs(widths)
        self._outputs = self._output_names()
        self._labels = self._label_of_output()

    def reading(self, limits: Limits) -> Reading:
        """How requests are read within these limits; made once, since a process has one set of them."""
        if self._reading.limits is not limits:
            self._reading = Reading(parser=self.parser, key=self.key, limits=limits)
        return self._reading

    @cached_property
    def challenging(self) -> ModelSession:
        """The same version as it answers as challenger: the log says so."""
        other = copy(self)
        other.recorder = self._recorder("challenger")
        return other

    def score(self, tensors: Tensors) -> Scores:
        """Labels and probabilities of all rows. Raises Unfit when the graph fails on them."""
        if len(tensors) <= CALL_ROWS:
            return self._scored(tensors)
        parts = [self._scored(tensors[start : start + CALL_ROWS]) for start in range(0, len(tensors), CALL_ROWS)]
        given = [part.probabilities for part in parts if part.probabilities is not None]
        return Scores(
            labels=[label for part in parts for label in part.labels],
            probabilities=np.concatenate(given) if given else None,
        )

    def _scored(self, tensors: Tensors) -> Scores:
        try:
            answer = self._session.run(self._outputs, {name: getattr(tensors, name) for name in self._inputs})
        except Exception as error:  # onnxruntime's errors share no class of their own
            raise Unfit(
                f"Version '{self.version}' of model '{self.model}' failed: {runtime.first_line(error)}"
            ) from error
        if not self.signature.classes:
            return Scores(labels=np.asarray(answer[0], dtype=np.float64).reshape(-1).tolist(), probabilities=None)
        try:
            labels = [self._labels[label] for label in answer[0].tolist()]
        except KeyError as error:
            raise self._unfit(f"the graph answers {error}, which is no class of the signature") from error
        return Scores(labels=labels, probabilities=answer[1].astype(np.float64, copy=False))

    def _recorder(self, role: str) -> Recorder:
        return Recorder(model=self.model, version=self.version, role=role, key=self.key, redaction=self._redaction)

    def _check_inputs(self, widths: Mapping[str, int]) -> None:
        given = {item.name: (item.type, item.shape) for item in self._session.get_inputs()}
        if given.keys() != set(self._inputs):
            raise self._unfit(f"the graph takes {sorted(given)}, the signature fills {self._inputs}")
        for name in self._inputs:
            kind, shape = given[name]
            if kind != _TYPES[name] or len(shape) != 2 or shape[1] != widths[name]:
                raise self._unfit(f"graph input '{name}' is {kind} {shape}, the signature has {widths[name]} columns")

    def _output_names(self) -> list[str]:
        wanted = ["label", "probabilities"] if self.signature.classes else ["value"]
        given = {item.name: item.shape for item in self._session.get_outputs()}
        if not set(wanted) <= given.keys():
            raise self._unfit(f"the graph gives {sorted(given)}, a {self.signature.task} model gives {wanted}")
        width = given["probabilities"][-1] if self.signature.classes else None
        if isinstance(width, int) and width != len(self.signature.classes):
            raise self._unfit(f"the graph knows {width} classes, the signature {len(self.signature.classes)}")
        return wanted

    def _label_of_output(self) -> dict[Any, Label]:
        """The class behind each value of the graph's `label` output, which is text or a whole number."""
        kinds = {item.name: item.type for item in self._session.get_outputs()}
        classes = self.signature.classes
        if not classes or kinds["label"] == "tensor(string)":
            return {values.category(label): label for label in classes}
        if any(isinstance(label, str) for label in classes):
            raise self._unfit(f"the graph's labels are {kinds['label']}, the signature's are text")
        return {int(label): label for label in classes}

    def _unfit(self, what: str) -> Unfit:
        return Unfit(f"Version '{self.version}' of model '{self.model}' contradicts itself: {what}.")
