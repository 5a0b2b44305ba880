"""The gate: an exported graph that gives one answer other than FLAML's does not become a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from automl.errors import Rejected
from automl.export import runtime
from automl.export.adversarial import RowSet, edge_rows, neighbour_rows, raw_rows, threshold_rows
from automl.export.answers import Answers, Comparison
from automl.export.boundary import boundary_rows
from automl.export.family import family_of
from automl.export.graph import META
from automl.export.prep import MATRIX, Prep
from automl.export.splits import Splits
from automl.export.stacking import meta_columns
from automl.export.stages import Predict, Stage, final_stage, part, stages
from automl.signature import Signature
from automl.tensors import Tensors

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
        Rows compared, by set: holdout, golden, raw, neighbour, threshold, edge; of a model without splits
        boundary, of a stack final threshold.
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
    estimator: Any = None,
) -> ParityReport:
    """Compare the graph in onnxruntime with FLAML's `predict` and `predict_proba` on `prep.transform(rows)`.

    Raw rows (holdout, golden, adversarial) go through the whole graph. Matrix rows on and beside the thresholds go
    through the model behind prep alone, because raw values rarely fall on a threshold. What the final estimator of a
    stack reads are probabilities, so rows beside its thresholds go through it alone.

    Parameters
    ----------
    automl_predict, automl_predict_proba
        Take float64 [N, F]; the second gives [N, classes] in the signature's order, and is None for regression.
    estimator
        The fitted model: needed of a stack.

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
    name = next(item.value for item in model.metadata_props if item.key == "estimator")
    whole, behind = stages(model, prep, automl_predict, automl_predict_proba, signature)
    found: dict[str, tuple[int, Comparison]] = {}
    tolerance = TOLERANCE
    base = holdout[:BASE_ROWS]
    rng = np.random.default_rng(SEED)
    for given, stage in (
        *_raw_sets(model, whole, base, {"holdout": holdout, "golden": golden}, rng),
        *_matrix_sets(model, behind, base, rng, takes_nan=family_of(name).takes_nan),
        *_final_sets(model, behind, estimator, base, rng),
    ):
        answers = stage.answers(given.rows)
        matrix, flaml, graph = answers
        if not found and signature.task == "regression":
            tolerance *= _spread(flaml.numbers)
        comparison = Comparison.of(flaml, graph, tolerance)
        if len(comparison.unequal):
            raise Rejected(_sentence(name, stage, given, answers, comparison))
        found[given.name] = (len(matrix), comparison)
    return ParityReport(
        estimator=name,
        rows={kind: rows for kind, (rows, _) in found.items()},
        ties=sum(comparison.ties for _, comparison in found.values()),
        largest_difference=max(comparison.largest for _, comparison in found.values()),
        tolerance=tolerance,
    )


def _raw_sets(
    model: onnx.ModelProto, whole: Stage, base: Tensors, given: Mapping[str, Tensors], rng: np.random.Generator
) -> Iterator[tuple[RowSet, Stage]]:
    signature, prep = whole.signature, whole.prep
    names = [feature.name for feature in signature.numbers]
    splits = Splits.read(model, MATRIX)
    sets = [RowSet(name=name, rows=rows) for name, rows in given.items()]
    sets += [raw_rows(signature, base, rng), neighbour_rows(splits, prep, names, base, rng)]
    return ((rows, whole) for rows in sets if len(rows.rows))


def _matrix_sets(
    model: onnx.ModelProto, behind: Stage, base: Tensors, rng: np.random.Generator, *, takes_nan: bool
) -> Iterator[tuple[RowSet, Stage]]:
    matrix, splits = behind.prep.transform(base), Splits.read(model, MATRIX)
    sets = (
        threshold_rows(splits, behind.columns, matrix, takes_nan=takes_nan, rng=rng),
        edge_rows(behind.columns, matrix, rng),
        *([] if len(splits.tree) else [boundary_rows(behind, matrix, rng)]),
    )
    return ((rows, behind) for rows in sets if len(rows.rows))


def _final_sets(
    model: onnx.ModelProto, behind: Stage, stack: Any, base: Tensors, rng: np.random.Generator
) -> Iterator[tuple[RowSet, Stage]]:
    """Rows for the final estimator of a stack; nothing of another model, or of a final estimator without splits."""
    splits = Splits.read(model, META)
    if not len(splits.tree):
        return
    if stack is None:
        raise ValueError("Expected the fitted stack itself to compare its final estimator, got None. Pass it.")
    names = meta_columns(stack, behind.prep.columns)
    stage = final_stage(model, behind.prep, stack.final_estimator_, names, behind.signature)
    matrix = runtime.run(part(model, MATRIX, [META]), {MATRIX: behind.prep.transform(base)})[META]
    rows = threshold_rows(splits, names, matrix, takes_nan=False, rng=rng)
    yield replace(rows, name="final threshold"), stage


def _spread(values: npt.NDArray[np.floating]) -> float:
    """Standard deviation of the predictions; of constant ones their size, of zeros 1."""
    doubles = values.astype(np.float64)
    return float(doubles.std()) or float(np.abs(doubles).max()) or 1.0


def _sentence(
    estimator: str,
    stage: Stage,
    given: RowSet,
    answers: tuple[npt.NDArray[np.floating], Answers, Answers],
    comparison: Comparison,
) -> str:
    matrix, flaml, graph = answers
    row = int(comparison.unequal[0])
    if given.columns:
        where = f"column '{given.columns[row]}' changed"
    else:
        where = f"column '{stage.columns[int(np.abs(matrix[row]).argmax())]}' its most extreme"
    return (
        f"{estimator}: expected the exported model to answer as FLAML does, got {len(comparison.unequal)} of "
        f"{len(matrix)} {given.name} rows unequal. First {given.name} row {row} ({where}): FLAML says "
        f"{flaml.shown(row)}, the exported model {graph.shown(row)}. "
        "Leave this estimator out of search.estimator_list and report this."
    )
