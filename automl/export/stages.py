"""The places where an exported graph is compared with FLAML: as a whole, behind prep, and at the end of a stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import ModelProto
from onnx.utils import Extractor

from automl.export import runtime
from automl.export.adversarial import Matrix
from automl.export.answers import Answers
from automl.export.graph import META
from automl.export.prep import MATRIX, Prep, feeds
from automl.signature import Signature
from automl.tensors import Tensors

Predict = Callable[[npt.NDArray[np.float64]], npt.ArrayLike]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """A part of the graph and what FLAML has for it.

    Parameters
    ----------
    prep
        Makes the matrix that FLAML's side reads of raw rows.
    source
        Name of the tensor that the part reads; None for the whole graph, which reads raw rows.
    columns
        Names of what FLAML's side reads.
    """

    session: onnxruntime.InferenceSession
    prep: Prep
    signature: Signature
    source: str | None
    columns: Sequence[str]
    predict: Predict
    predict_proba: Predict | None

    def answers(self, rows: Tensors | Matrix) -> tuple[Matrix, Answers, Answers]:
        """What FLAML's side read, its answers, and those of the graph."""
        if isinstance(rows, Tensors):
            matrix = self.prep.transform(rows)
            outputs = runtime.run(self.session, feeds(rows))
        else:
            matrix = rows
            outputs = runtime.run(self.session, {str(self.source): rows})
        return matrix, self.flaml(matrix), Answers.of_graph(outputs, self.signature)

    def flaml(self, matrix: Matrix) -> Answers:
        """What FLAML says of matrix rows."""
        doubles = matrix.astype(np.float64)
        probabilities = self.predict_proba(doubles) if self.predict_proba else None
        return Answers.of_flaml(self.predict(doubles), probabilities, self.signature)


def stages(
    model: ModelProto,
    prep: Prep,
    predict: Predict,
    predict_proba: Predict | None,
    signature: Signature,
) -> tuple[Stage, Stage]:
    """The whole graph, and the model behind prep."""
    shared: dict[str, Any] = {
        "prep": prep,
        "signature": signature,
        "columns": prep.columns,
        "predict": predict,
        "predict_proba": predict_proba,
    }
    behind = part(model, MATRIX, _answers_of(signature))
    return (
        Stage(session=runtime.session(model.SerializeToString()), source=None, **shared),
        Stage(session=behind, source=MATRIX, **shared),
    )


def final_stage(model: ModelProto, prep: Prep, final: Any, columns: Sequence[str], signature: Signature) -> Stage:
    """The final estimator of a stack, which reads the tensor `META`.

    Parameters
    ----------
    final
        The fitted final estimator, which answers with class codes.
    """
    labels = np.empty(len(signature.classes), dtype=object)
    labels[:] = signature.classes
    classifies = signature.task == "classification"
    return Stage(
        session=part(model, META, _answers_of(signature)),
        prep=prep,
        signature=signature,
        source=META,
        columns=columns,
        predict=(lambda rows: labels[np.asarray(final.predict(rows), dtype=np.int64)])
        if classifies
        else final.predict,
        predict_proba=final.predict_proba if classifies else None,
    )


def part(model: ModelProto, source: str, outputs: Sequence[str]) -> onnxruntime.InferenceSession:
    """A session of the nodes between these tensors."""
    return runtime.session(Extractor(model).extract_model([source], list(outputs)).SerializeToString())


def _answers_of(signature: Signature) -> list[str]:
    return ["value"] if signature.task == "regression" else ["label", "probabilities"]
