"""Golden requests, stored with their answers: a version shows at each load that it answers as it was published."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl.errors import EvergreenError
from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.reading import Reading
from automl.tensors import Tensors

if TYPE_CHECKING:
    from automl.scoring.session import ModelSession

TOLERANCE = 1e-9
"""How far, relatively, a number may be from the published one."""


def difference(session: ModelSession, golden: Sequence[Mapping[str, Any]]) -> str | None:
    """What a version answers otherwise than published, in words; None when labels and numbers agree.

    Parameters
    ----------
    golden
        `{"request": body of a scoring request, "answer": {"predictions": [...], "probabilities": [...]}}`, where
        probabilities are objects by class, or lists in the order of the classes, or absent.
    """
    reading = _reading(session)
    for index, item in enumerate(golden):
        try:
            scores = session.score(rows.from_value(reading, item["request"]).tensors)
        except EvergreenError as error:
            return f"golden request {index} fails with {error}"
        answer = item["answer"]
        found = _unequal(answer["predictions"], scores.labels)
        if found is None and "probabilities" in answer:
            wanted = [cell for row in answer["probabilities"] for cell in _in_class_order(session, row)]
            got = [] if scores.probabilities is None else scores.probabilities.reshape(-1).tolist()
            found = _unequal(wanted, got)
        if found is not None:
            return f"golden request {index} {found}"
    return None


def tensors(session: ModelSession, item: Mapping[str, Any]) -> Tensors:
    """The rows of a golden request. Raises InvalidInput."""
    return rows.from_value(_reading(session), item["request"]).tensors


def _reading(session: ModelSession) -> Reading:
    """How golden requests are read: they were accepted once."""
    return Reading(parser=Parser(session.signature), key=session.key)


def _in_class_order(session: ModelSession, row: Mapping[str, float] | Sequence[float]) -> list[float]:
    return [row[name] for name in session.class_names] if isinstance(row, Mapping) else list(row)


def _unequal(wanted: Sequence[Any], got: Sequence[Any]) -> str | None:
    if len(wanted) != len(got):
        return f"has {len(got)} answers instead of {len(wanted)}"
    for one, other in zip(wanted, got, strict=True):
        if not _equal(one, other):
            return f"gives {other!r} instead of {one!r}"
    return None


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float | int) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE)
    return bool(one == other)
