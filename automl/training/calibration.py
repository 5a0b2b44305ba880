"""How a model's probabilities are to be read: curves fitted on its holdout (calibration.json)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT = 1

FEWEST = 100
"""Holdout rows under which nothing is fitted."""

FEWEST_ISOTONIC = 1_000
"""Holdout rows from which the curve is isotonic, which follows any shape; under it two parameters must do.

Niculescu-Mizil, A. and Caruana, R. (2005): Predicting good probabilities with supervised learning, ICML.
"""

MOST_CLASSES = 20
"""Classes beyond which nothing is fitted."""

_EDGE = 1e-6
"""Scores are this far from 0 and 1 before their log odds are taken."""

Floats = npt.NDArray[np.float64]


def calibration(truth: npt.NDArray[np.integer[Any]], probabilities: Floats) -> dict[str, Any] | None:
    """The contents of calibration.json; None where there are too few rows or too many classes.

    Parameters
    ----------
    truth, probabilities
        Class codes [N] and the exported model's answers [N, classes] of the holdout.
    """
    classes = probabilities.shape[1]
    if len(truth) < FEWEST or classes > MOST_CLASSES:
        return None
    method, fit = ("isotonic", _isotonic) if len(truth) >= FEWEST_ISOTONIC else ("platt", _platt)
    codes = [1] if classes == 2 else range(classes)
    curves = []
    for code in codes:
        came = truth == code
        level = float(came.mean())
        x, y = fit(probabilities[:, code], came) if 0 < level < 1 else (np.array([0.0]), np.array([level]))
        curves.append({"x": x.tolist(), "y": y.tolist()})
    return {"format": FORMAT, "method": method, "n": len(truth), "curves": curves}


def _isotonic(scores: Floats, came: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, came)
    return fitted.X_thresholds_, fitted.y_thresholds_


def _platt(scores: Floats, came: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """A logistic curve of the score's log odds, as knots at even steps of the score."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression().fit(_log_odds(scores), came)
    x = np.linspace(0, 1, 101)
    return x, fitted.predict_proba(_log_odds(x))[:, 1]


def _log_odds(scores: Floats) -> Floats:
    clipped = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped))[:, None], dtype=np.float64)
