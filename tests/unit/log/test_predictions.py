"""Predictions that become lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.log.predictions import lines_of
from automl.tensors import to_records
from tests.unit.log.predicted import SIGNATURE, predictions, recorder

RECORDERS = [recorder("v1"), recorder("v2")]
REQUESTS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(RECORDERS), st.booleans()), max_size=8)


@given(REQUESTS)
def test_lines_written_together_are_those_of_each_request_by_itself(requests: list[tuple[int, Any, bool]]) -> None:
    made = [
        predictions(
            rows=rows,
            at_ms=place,
            recorder=chosen,
            keys=[f"k{row}" if row else None for row in range(rows)] if has_keys else None,
        )
        for place, (rows, chosen, has_keys) in enumerate(requests)
    ]
    assert lines_of(made) == b"".join(lines_of([each]) for each in made)
    for each in made:
        records = [orjson.loads(line) for line in lines_of([each]).splitlines()]
        assert [record["id"] for record in records] == each.ids
        assert [record.get("key") for record in records] == list(each.keys or [None] * len(records))
        assert [record["features"] for record in records] == to_records(SIGNATURE, each.tensors)
        assert {record["at"] for record in records} == {each.at_ms}


@pytest.mark.parametrize("probabilities", [None, np.array([[0.1, 0.9]])])
def test_probabilities_are_those_of_the_answer(probabilities: Any) -> None:
    line = lines_of([predictions(rows=1, at_ms=1, probabilities=probabilities)])
    assert orjson.loads(line)["probabilities"] == (None if probabilities is None else [0.1, 0.9])
