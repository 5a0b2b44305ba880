"""The gate: an exported graph that gives one answer other than FLAML's does not become a version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx.utils import Extractor

from automl.errors import Rejected
from automl.export import runtime
from automl.export.adversarial import RowSet, edge_rows, neighbour_rows, raw_rows, threshold_rows
from automl.export.answers import Answers, Comparison
from automl.export.family import family_of
from automl.export.prep import MATRIX, Prep, feeds
from automl.export.splits import Splits
from automl.signature import Signature, Tensors

Predict = Callable[[npt.NDArray[np.float64]], npt.ArrayLike]

TOLERANCE = 1e-6
"""Largest difference of a probability, or of a predicted value in spreads (standard deviations over the holdout)."""

SEED = 20
"""The adversarial rows of a model are the same in every run."""

BASE_ROWS = 4096
"""Holdout rows that adversarial ones are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityReport:
    """What was compared, and how close the answers were.

    Parameters
    ----------
    estimator
        Class of the fitted estimator.
    rows
        Rows compared, by set: holdout, golden, raw, neighbour, threshold, edge.
    ties
        Rows where FLAML's own two best probabilities are equal to rounding and the graph names the other class.
    largest_difference
        Of any probability, or of a value (in the target's unit).
    tolerance
        What `largest_difference` had to stay within.
    """

    estimator: str
    rows: dict[str, int]
    ties: int
    largest_difference: float
    tolerance: float

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object; `labels_unequal` is 0, or there would be a refusal instead of a report."""
        return asdict(self) | {"labels_unequal": 0}


def check(
    onnx_bytes: bytes,
    prep: Prep,
    automl_predict: Predict,
    automl_predict_proba: Predict | None,
    signature: Signature,
    *,
    holdout: Tensors,
    golden: Tensors,
) -> ParityReport:
    """Compare the graph in onnxruntime with FLAML's `predict` and `predict_proba` on `prep.transform(rows)`.

    Raw rows (holdout, golden, adversarial) go through the whole graph. Matrix rows on and beside the thresholds go
    through the model behind prep alone, because raw values rarely fall on a threshold.

    Parameters
    ----------
    automl_predict, automl_predict_proba
        Take float64 [N, F]; the second gives [N, classes] in the signature's order, and is None for regression.

    Raises
    ------
    Rejected
        At the first set with an unequal answer, naming estimator, row, column and both answers.
    ValueError
        When there is no holdout row.
    """
    if not len(holdout):
        raise ValueError("Expected at least one holdout row to compare, got none. Hold back some rows.")
    if signature.task == "classification" and automl_predict_proba is None:
        raise ValueError("Expected predict_proba of a classifier, got None. Pass FLAML's.")
    model = onnx.load_from_string(onnx_bytes)
    estimator = next(item.value for item in model.metadata_props if item.key == "estimator")
    outputs = ["value"] if signature.task == "regression" else ["label", "probabilities"]
    whole = runtime.session(onnx_bytes)
    behind_prep = runtime.session(Extractor(model).extract_model([MATRIX], outputs).SerializeToString())

    found: dict[str, tuple[int, Comparison]] = {}
    tolerance = TOLERANCE
    for given in _row_sets(model, prep, signature, holdout, golden, takes_nan=family_of(estimator).takes_nan):
        if isinstance(given.rows, Tensors):
            matrix = prep.transform(given.rows)
            outputs_of_graph = runtime.run(whole, feeds(given.rows))
        else:
            matrix = given.rows
            outputs_of_graph = runtime.run(behind_prep, {MATRIX: matrix})
        doubles = matrix.astype(np.float64)
        probabilities = automl_predict_proba(doubles) if automl_predict_proba else None
        flaml = Answers.of_flaml(automl_predict(doubles), probabilities, signature)
        graph = Answers.of_graph(outputs_of_graph, signature)
        if not found and signature.task == "regression":
            tolerance *= _spread(flaml.numbers)
        comparison = Comparison.of(flaml, graph, tolerance)
        if len(comparison.unequal):
            raise Rejected(
                _sentence(
                    estimator,
                    prep.columns,
                    given,
                    matrix=matrix,
                    comparison=comparison,
                    flaml=flaml,
                    graph=graph,
                )
            )
        found[given.name] = (len(matrix), comparison)
    return ParityReport(
        estimator=estimator,
        rows={name: rows for name, (rows, _) in found.items()},
        ties=sum(comparison.ties for _, comparison in found.values()),
        largest_difference=max(comparison.largest for _, comparison in found.values()),
        tolerance=tolerance,
    )


def _row_sets(
    model: onnx.ModelProto, prep: Prep, signature: Signature, holdout: Tensors, golden: Tensors, *, takes_nan: bool
) -> Iterator[RowSet]:
    rng = np.random.default_rng(SEED)
    base = holdout[:BASE_ROWS]
    matrix, splits = prep.transform(base), Splits.read(model)
    names = [feature.name for feature in signature.numbers]
    sets = (
        RowSet(name="holdout", rows=holdout),
        RowSet(name="golden", rows=golden),
        raw_rows(signature, base, rng),
        neighbour_rows(splits, prep, names, base, rng),
        threshold_rows(splits, prep.columns, matrix, takes_nan=takes_nan, rng=rng),
        edge_rows(prep.columns, matrix, rng),
    )
    return (rows for rows in sets if len(rows.rows))


def _spread(values: npt.NDArray[np.floating]) -> float:
    """Standard deviation of the predictions; of constant ones their size, of zeros 1."""
    doubles = values.astype(np.float64)
    return float(doubles.std()) or float(np.abs(doubles).max()) or 1.0


def _sentence(
    estimator: str,
    columns: Sequence[str],
    given: RowSet,
    *,
    matrix: npt.NDArray[np.float32],
    comparison: Comparison,
    flaml: Answers,
    graph: Answers,
) -> str:
    row = int(comparison.unequal[0])
    if given.columns:
        where = f"column '{given.columns[row]}' changed"
    else:
        where = f"column '{columns[int(np.abs(matrix[row]).argmax())]}' its most extreme"
    return (
        f"{estimator}: expected the exported model to answer as FLAML does, got {len(comparison.unequal)} of "
        f"{len(matrix)} {given.name} rows unequal. First {given.name} row {row} ({where}): FLAML says "
        f"{flaml.shown(row)}, the exported model {graph.shown(row)}. "
        "Leave this estimator out of search.estimator_list and report this."
    )
