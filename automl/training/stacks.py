"""FLAML's stacks (`search.ensemble`): of which members one is made, and the same one made again.

Rules kept from FLAML's `automl.py` (2.7): members are its wrappers with the best configuration of each estimator, in
the order of their losses; scikit-learn's own final estimator sees their answers and the matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def members_of(model: Any) -> list[str]:
    """FLAML's names of the members of a fitted `AutoML` in their order; none where it is a single estimator."""
    return [str(name) for name, _ in getattr(model.model, "estimators", [])] if _is_stack(model.model) else []


def made_again(model: Any, members: Mapping[str, Mapping[str, Any]], *, threads: int) -> Any:
    """A stack of members, fitted on the rows that FLAML has kept.

    Parameters
    ----------
    model
        A fitted `AutoML` that has kept its search state: rows in FLAML's order, and its task.
    members
        Configuration of each by its name, in order.
    """
    from sklearn.ensemble import StackingClassifier, StackingRegressor

    task = model._state.task
    estimators = []
    for name, config in members.items():
        kind = task.estimator_class_from_str(name)
        kind.init()
        estimators.append((name, kind(task=task, n_jobs=threads, **config)))
    stacker = StackingClassifier if task.is_classification() else StackingRegressor
    return stacker(estimators, passthrough=True).fit(model._X_train_all, model._y_train_all)


def _is_stack(fitted: Any) -> bool:
    return type(fitted).__name__ in ("StackingClassifier", "StackingRegressor")
