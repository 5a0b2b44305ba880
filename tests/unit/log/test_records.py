"""The lines of the log."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from automl.log.ids import Ids
from automl.log.records import ID, KEY, KEY_MARK, Recorder
from automl.log.redaction import Redaction

IDS = Ids(bytes(32)).mint("adult", 3, 1_795_190_400_000)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    version=WORDS,
    keys=st.none() | st.lists(st.none() | WORDS, min_size=3, max_size=3),
    features=st.lists(st.dictionaries(WORDS, st.none() | WORDS | st.booleans()), min_size=3, max_size=3),
)
def test_a_line_is_the_record_and_begins_with_its_id_and_key(
    version: str, keys: list[str | None] | None, features: list[dict[str, Any]]
) -> None:
    recorder = Recorder(model="adult", version=version, role="champion", redaction=Redaction(()))
    written = recorder.lines(
        at_ms=7,
        ids=IDS,
        keys=keys,
        features=features,
        labels=["a%", "b", 3],
        probabilities=[[0.1, 0.9]] * 3,
        latency_us=41,
    )
    lines = written.split(b"\n")[:-1]
    assert len(lines) == 3
    for row, line in enumerate(lines):
        assert line[ID] == IDS[row].encode()
        key = None if keys is None else keys[row]
        assert (line[KEY] == KEY_MARK) is (key is not None)
        assert orjson.loads(line) == {
            "id": IDS[row],
            **({} if key is None else {"key": key}),
            "model": "adult",
            "version": version,
            "role": "champion",
            "at": 7,
            "features": features[row],
            "prediction": ["a%", "b", 3][row],
            "probabilities": [0.1, 0.9],
            "latency_us": 41,
        }


def test_a_regression_has_no_probabilities() -> None:
    recorder = Recorder(model="bike", version="v1", role="challenger", redaction=Redaction(()))
    line = recorder.lines(
        at_ms=7, ids=IDS[:1], keys=None, features=[{}], labels=[2.5], probabilities=None, latency_us=1
    )
    assert orjson.loads(line)["probabilities"] is None
