"""A column that cannot be kept out of the log is refused by name, with the one that was meant."""

from __future__ import annotations

from typing import Any

import pytest

from automl.errors import InvalidInput
from automl.redactable import check
from automl.registry import Registry
from automl.spec import Spec
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import KEY, publish


def spec(*redact: str, slices: tuple[str, ...] = (), types: dict[str, str] | None = None) -> Spec:
    data: dict[str, Any] = {"name": "adult", "target": "income", "columns": {"types": types or {}}}
    return Spec.from_json(data | {"monitor": {"redact": list(redact), "slices": list(slices)}})


@pytest.fixture
def registry() -> Registry:
    made = Registry(MemoryStorage(), FixedClock())
    publish(made, "v1")
    return made


def refusal(registry: Registry, wanted: Spec) -> str:
    with pytest.raises(InvalidInput) as caught:
        check(registry, wanted)
    return str(caught.value)


def test_features_the_key_and_columns_that_are_no_feature_yet_may_be_named(registry: Registry) -> None:
    check(registry, spec("age", KEY, "fnlwgt"))


def test_a_misspelt_column_is_refused_with_the_nearest_name(registry: Registry) -> None:
    text = refusal(registry, spec("job", "agee"))
    assert "'agee', which this model does not read" in text
    assert "Did you mean 'age'?" in text


def test_a_column_to_come_is_named_by_its_type(registry: Registry) -> None:
    assert "Name the type of a column to come in columns.types." in refusal(registry, spec("passport"))
    check(registry, spec("passport", types={"passport": "category"}))


def test_the_target_is_refused(registry: Registry) -> None:
    assert "got the target" in refusal(registry, spec("income"))


def test_a_slice_that_would_not_be_logged_is_refused(registry: Registry) -> None:
    assert "'job', which monitor.redact keeps out of the log" in refusal(registry, spec("job", slices=("job",)))


def test_before_there_is_a_version_any_column_may_be_named() -> None:
    check(Registry(MemoryStorage(), FixedClock()), spec("whatever"))
