"""Two versions that take turns as champion, and a third that never is; what each answers to each body is known."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from automl.parsing import parse_records
from automl.registry import Registry
from automl.scoring.session import ModelSession
from tests.benchmarks.serving import MODEL, census, model
from tests.benchmarks.serving.bodies import rows_of
from tests.benchmarks.serving.soak.clients import Expected
from tests.support import models

CHAMPIONS, NEVER = ("first", "second"), "never"
_BODIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """The versions `first`, `second` and `never` of one model.

    Parameters
    ----------
    publish
        Stores and registers all three, `first` first.
    """

    model: str
    bodies: Sequence[bytes]
    expected: Expected
    publish: Callable[[Registry], None]


def measured() -> Rivals:
    """Three LightGBM models of the measured size, bagged with different seeds."""
    _, csv = census.table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM warns of feature names that nobody uses
        understood = model.understood(csv)
        made = {name: model.make(understood, seed=seed) for seed, name in enumerate((*CHAMPIONS, NEVER))}
    rows = rows_of(csv)[:_BODIES]

    def publish(registry: Registry) -> None:
        for name, version in made.items():
            version.publish(registry, name)

    return _rivals(MODEL, rows, {name: version.session() for name, version in made.items()}, publish)


def tiny() -> Rivals:
    """Three models of a few nodes, for a soak of seconds."""
    biases = dict(zip((*CHAMPIONS, NEVER), (0.0, 0.7, -0.7), strict=True))
    rows = [{**models.ROW, "age": 20 + age} for age in range(_BODIES)]

    def publish(registry: Registry) -> None:
        for name, bias in biases.items():
            models.publish(registry, name, bias=bias)

    return _rivals("adult", rows, {name: models.session(bias=bias) for name, bias in biases.items()}, publish)


def _rivals(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    sessions: Mapping[str, ModelSession],
    publish: Callable[[Registry], None],
) -> Rivals:
    expected = {version: [_answer(session, row) for row in rows] for version, session in sessions.items()}
    for place in range(len(rows)):
        if len({orjson.dumps(answers[place]) for answers in expected.values()}) < len(expected):
            raise ValueError(f"Two versions answer row {place} alike, so that their answers cannot be told apart.")
    bodies = [orjson.dumps({"dataframe_records": [row]}) for row in rows]
    return Rivals(model=name, bodies=bodies, expected=expected, publish=publish)


def _answer(session: ModelSession, row: Mapping[str, Any]) -> dict[str, Any]:
    scores = session.score(parse_records(session.signature, [row]))
    assert scores.probabilities is not None
    named = [dict(zip(session.class_names, each, strict=True)) for each in scores.probabilities.tolist()]
    return {"predictions": list(scores.labels), "probabilities": named}
