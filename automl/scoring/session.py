"""One model version in memory: an onnxruntime session with its signature, both checked against each other."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import orjson

from automl import values
from automl.log.records import Recorder
from automl.parsing import Parser
from automl.registry import Registry
from automl.scoring import golden, guard
from automl.scoring.guard import Unfit
from automl.signature import Label, Signature
from automl.tensors import Tensors

_BASE_BYTES, _PER_BYTE = 2**20, 6
"""What a session takes beside its graph, and of each byte of the graph: measured with tree ensembles of 0.3 to 4 MiB,
whose numbers are short in the file and eight bytes in memory."""

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

    Raises
    ------
    Unfit
        When the guard or onnxruntime refuses the graph, or graph and signature disagree.
    """

    def __init__(
        self, model: str, version: str, onnx: bytes, signature: Signature, *, key: str | None = None
    ) -> None:
        self.model = model
        self.version = version
        self.signature = signature
        self.key = key
        self.parser = Parser(signature, strict=True)
        """Reads the rows of requests."""
        self.recorder = Recorder(model=model, version=version, role="champion")
        """Writes the lines of the log."""
        self.memory_bytes = _BASE_BYTES + _PER_BYTE * len(onnx)
        """What this session takes, by estimate."""
        self.class_names = [values.category(label) for label in signature.classes]
        """The classes as text, as the keys of an answer's probabilities."""
        guard.check(onnx)
        self._session = _session(onnx)
        widths = {"num": len(signature.numbers), "cat": len(signature.categories)}
        self._inputs = [name for name, width in widths.items() if width]
        self._check_inputs(widths)
        self._outputs = self._output_names()
        self._labels = self._label_of_output()

    def score(self, tensors: Tensors) -> Scores:
        """Labels and probabilities of all rows. Raises Unfit when the graph fails on them."""
        try:
            answer = self._session.run(self._outputs, {name: getattr(tensors, name) for name in self._inputs})
        except Exception as error:  # onnxruntime's errors share no class of their own
            raise Unfit(f"Version '{self.version}' of model '{self.model}' failed: {_first_line(error)}") from error
        if not self.signature.classes:
            return Scores(labels=np.asarray(answer[0], dtype=np.float64).reshape(-1).tolist(), probabilities=None)
        try:
            labels = [self._labels[label] for label in answer[0].tolist()]
        except KeyError as error:
            raise self._unfit(f"the graph answers {error}, which is no class of the signature") from error
        return Scores(labels=labels, probabilities=answer[1].astype(np.float64, copy=False))

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


def load(registry: Registry, model: str, version: str) -> ModelSession:
    """A stored version, checked: hashes, signature against graph, and every golden row.

    Raises
    ------
    Unfit, Corrupt, NotFound
        The version must not answer.
    Unavailable
        Storage could not be read; the version may be sound.
    """
    key = registry.manifest(model, version).get("spec", {}).get("columns", {}).get("key")
    onnx, *texts = (registry.file(model, version, name) for name in ("model.onnx", "signature.json", "golden.json"))
    try:
        signature, published = Signature.from_json(orjson.loads(texts[0])), orjson.loads(texts[1])
        session = ModelSession(model, version, onnx, signature, key=key)
        difference = golden.difference(session, published)
    except (KeyError, TypeError, ValueError) as error:  # files of another format than this program's
        raise Unfit(f"Version '{version}' of model '{model}' cannot be read: {error!r}.") from error
    if difference is not None:
        raise Unfit(f"Version '{version}' of model '{model}' does not answer as published: {difference}.")
    return session


def _session(onnx: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread a request: requests run beside each other, and one row has nothing to share out.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = True
    options.log_severity_level = 3
    # A graph may name files that hold its tensors, by default below the working directory. Here it finds none.
    with tempfile.TemporaryDirectory(prefix="evergreen-") as empty:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
        try:
            # Its fallback would try again with the same provider, and print what failed.
            return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        except Exception as error:  # onnxruntime's errors share no class of their own
            raise Unfit(f"onnxruntime refuses the model: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
