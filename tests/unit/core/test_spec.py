"""What a model's owner may ask for."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from automl import spec as specs
from automl.errors import InvalidInput, NotFound
from automl.spec import Spec
from automl.spec_rules import RULES
from tests.support.memory import MemoryStorage

SMALL = {"name": "adult", "target": "income"}


def problems(data: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        Spec.from_json(data)
    return [str(problem) for problem in caught.value.problems]


def test_a_name_and_a_target_are_enough() -> None:
    spec = Spec.from_json(SMALL)
    assert (spec.name, spec.target, spec.search.time_budget) == ("adult", "income", 60)


def test_a_spec_survives_json() -> None:
    spec = Spec.from_json(
        {**SMALL, "columns": {"drop": ["a"], "types": {"zip": "category"}}, "retrain": {"window": 500}}
    )
    assert Spec.from_json(spec.to_json()) == spec
    assert Spec.from_json(spec.to_json()).sha256 == spec.sha256 != Spec.from_json(SMALL).sha256


def test_every_problem_is_named_at_once_with_the_nearest_key() -> None:
    assert problems({"name": "A!", "serch": {}, "split": {"knd": 1, "holdout": "x"}, "columns": []}) == [
        "Field 'name': expected a small letter, then small letters, digits and hyphens, 63 at most, got 'A!'. "
        "Change it or leave it out.",
        "Field 'serch': expected one of name, target, task, columns, search, split, monitor, keep, guard, promotion, "
        "retrain, got an unknown key. Did you mean 'search'?",
        "Field 'split.knd': expected one of kind, holdout, got an unknown key. Did you mean 'kind'?",
        "Field 'split.holdout': expected a number from 0.05 to 0.5, got 'x'. Change it or leave it out.",
        "Field 'columns': expected an object, got []. Send a JSON object.",
        "Field 'target': expected the name of the column to predict, got nothing. Add 'target'.",
    ]


@pytest.mark.parametrize("data", [[], "adult", None, 3])
def test_a_spec_is_an_object(data: Any) -> None:
    assert problems(data)[0].startswith("Field 'spec': expected an object, got ")


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("search", {"seed": True}),
        ("search", {"estimator_list": "lgbm"}),
        ("split", {"kind": "group"}),
        ("split", {"holdout": 0.9}),
        ("columns", {"types": {"zip": "text"}}),
        ("retrain", {"window": 3}),
        ("promotion", {"rows": 10}),
    ],
)
def test_values_of_the_wrong_kind_are_refused(section: str, value: dict[str, Any]) -> None:
    (only,) = problems({**SMALL, section: value})
    assert only.startswith(f"Field '{section}.{next(iter(value))}': expected ")


def test_every_field_has_a_rule() -> None:
    def paths(kind: Any, prefix: str = "") -> set[str]:
        found: set[str] = set()
        for field in fields(kind):
            made: Any = field.default_factory
            if is_dataclass(made):
                found |= paths(made, f"{field.name}.")
            else:
                found.add(prefix + field.name)
        return found

    assert paths(Spec) == set(RULES)


def test_a_stored_spec_reads_back_and_a_missing_one_is_not_found() -> None:
    storage = MemoryStorage()
    with pytest.raises(NotFound, match="no model 'adult'"):
        specs.load(storage, "adult")
    specs.save(storage, Spec.from_json(SMALL))
    assert specs.load(storage, "adult") == Spec.from_json(SMALL)
