"""Lines of the log become the same rows whether Arrow parses them or they are decoded one by one."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.lake import cells, rows
from automl.lake.features import Layout
from automl.lake.lines import Lines
from automl.log import Kind
from automl.log.records import Recorder, truth_line
from automl.log.redaction import Redaction

DAY = "2026-11-20"
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63)
TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)


def lines_of(features: list[dict[str, Any]], *, version: str = "v1", **more: Any) -> bytes:
    recorder = Recorder(model="m", version=version, role="champion", redaction=Redaction([]), key="k")
    count = len(features)
    given = {"keys": None, "labels": ["a"] * count, "probabilities": [[0.25, 0.75]] * count} | more
    ids = [f"019aa000-0000-7000-8000-{place:012x}" for place in range(count)]
    return recorder.lines(at_ms=1_795_190_400_000, ids=ids, features=features, latency_us=9, **given)


def read(data: bytes, kind: Kind = "predictions") -> tuple[Any, int]:
    return Lines(kind, Layout(rows.schema(kind))).table(data, DAY)


def decoded(data: bytes, kind: Kind = "predictions") -> Any:
    records = [orjson.loads(line) for line in data.splitlines()]
    return rows.table(kind, records, DAY, Layout(rows.schema(kind)))


def is_parsed(data: bytes) -> bool:
    return Lines("predictions", Layout(rows.schema("predictions")))._alike(data, DAY) is not None


@given(st.lists(st.tuples(NUMBERS, TEXTS, st.none() | st.booleans()), min_size=1, max_size=20))
def test_rows_are_those_of_the_decoded_lines_bit_for_bit(given: list[tuple[Any, Any, Any]]) -> None:
    data = lines_of([{"n": number, "c": text, "b": truth} for number, text, truth in given])
    found, torn = read(data)
    wanted = decoded(data)
    assert torn == 0
    assert found.select(wanted.column_names).equals(wanted)
    assert found.schema.equals(wanted.schema, check_metadata=True)


@pytest.mark.parametrize(
    "labels",
    [["a", "b"], [1, 2**60], [True, False], [0.1, 1e300]],
)
def test_answers_of_any_type_are_parsed(labels: list[Any]) -> None:
    data = lines_of([{"x": 1.5}] * 2, labels=labels, keys=["k1", None], probabilities=None)
    assert is_parsed(data)
    assert read(data)[0].equals(decoded(data))


def test_floats_keep_their_last_bit() -> None:
    numbers = [5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2**53 + 1, -0.0, 9007199254740993, 123456789.12345679]
    data = lines_of([{"x": number} for number in numbers])
    assert is_parsed(data)
    got = read(data)[0].column("feature_x").to_pylist()
    assert [number.hex() for number in got] == [float(number).hex() for number in numbers]


@pytest.mark.parametrize(
    ("features", "parsed"),
    [
        ([{"x": 1.0, "y": "a"}, {"x": 2.0}], False),  # not logged is not null
        ([{"x": 1.0}, {"x": 2.0, "y": "a"}], False),
        ([{"x": 1.0}, {"x": "a"}], False),
        ([{"x": None, "y": ':null "null'}, {"x": 2.0, "y": "null"}], False),  # a quote before what looks like null
        ([{"x": None, "y": "null"}, {"x": None, "y": "nul"}], True),
        ([{"x": "\ud7ff ä \x01"}, {"x": "a"}], False),
        ([{}, {}], False),
        ([{"y": "a", "x": 1.0}, {"x": 2.0, "y": "b"}], True),
    ],
)
def test_lines_that_arrow_would_misread_are_decoded(features: list[dict[str, Any]], parsed: bool) -> None:
    data = lines_of(features)
    assert is_parsed(data) == parsed
    found, _ = read(data)
    assert rows.records("predictions", found, Layout(found.schema)) == rows.records(
        "predictions", decoded(data), Layout(decoded(data).schema)
    )


def test_missing_field_is_not_hidden_by_a_null_in_a_text() -> None:
    data = lines_of([{"x": 1.0, "y": "a"}, {"y": '":null'}])
    found, _ = read(data)
    assert [orjson.loads(names) for names in found.column("logged").to_pylist()] == [["x", "y"], ["y"]]


def test_versions_with_other_features_are_parsed_apart_and_torn_lines_are_counted() -> None:
    one, other = lines_of([{"x": 1.0}] * 3), lines_of([{"x": 1.0, "z": "a"}] * 2, version="v2")
    mixed = b"\n".join(
        [one.splitlines()[0], other.splitlines()[0], b"", b'{"id":"torn', *one.splitlines()[1:], b"7", b""]
    )
    found, torn = read(mixed)
    assert torn == 2
    assert sorted(found.column("version").to_pylist()) == ["v1", "v1", "v1", "v2"]
    assert sorted(found.column("logged").to_pylist()) == ['["x","z"]', '["x"]', '["x"]', '["x"]']


def test_field_that_this_release_does_not_know_is_kept() -> None:
    line = truth_line({"id": "019aa000-0000-7000-8000-000000000001"}, 1, at_ms=1, received_ms=2)
    data = orjson.dumps(orjson.loads(line) | {"sender": "b"}) + b"\n"
    assert read(data, "truth")[0].column("more").to_pylist() == ['{"sender":"b"}']
    assert read(line, "truth")[0].equals(decoded(line, "truth"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", 1, 2.0, True, "true", "a", 0.5, "7.0", 7]), st.sampled_from(["1", 1, "a", 7])
        ),
        min_size=1,
        max_size=20,
    )
)
def test_truth_and_answer_are_compared_as_the_signature_understands_them(pairs: list[tuple[Any, Any]]) -> None:
    from automl import values

    truths = rows.table(
        "truth",
        [{"id": "a", "truth": truth, "at": 1, "received": 1} for truth, _ in pairs],
        DAY,
        Layout(rows.schema("truth")),
    )
    records = [orjson.loads(line) for line in lines_of([{"x": 1.0}] * len(pairs)).splitlines()]
    answers = rows.table(
        "predictions",
        [record | {"prediction": answer} for record, (_, answer) in zip(records, pairs, strict=True)],
        DAY,
        Layout(rows.schema("predictions")),
    )
    wanted = [float(values.category(truth) != values.category(answer)) for truth, answer in pairs]
    assert cells.differ(truths, answers).tolist() == wanted
    places = {"1": 0.0, "a": 1.0, "7": 2.0}
    found = cells.codes(truths, "truth", ["1", "a", 7]).tolist()
    assert [place if place == place else None for place in found] == [  # noqa: PLR0124  (NaN is none of them)
        places.get(values.category(truth)) for truth, _ in pairs
    ]


def test_probabilities_are_a_matrix_with_gaps() -> None:
    column = pa.chunked_array([pa.array([[0.1, 0.9], None], pa.list_(pa.float64())), pa.array([[0.5, 0.5]])])
    found = cells.probabilities(column, 2)
    assert found is not None
    assert found[[0, 2]].tolist() == [[0.1, 0.9], [0.5, 0.5]]
    assert cells.probabilities(pa.chunked_array([pa.array([None], pa.list_(pa.float64()))]), 2) is None


def test_truths_by_id_by_key_and_of_some_source_are_parsed_together() -> None:
    named = [{"id": "019aa000-0000-7000-8000-000000000001"}, {"key": "k"}]
    plain = b"".join(truth_line(name, "a", at_ms=1, received_ms=2) for name in named)
    sourced = b"".join(orjson.dumps(orjson.loads(line) | {"source": "s"}) + b"\n" for line in plain.splitlines())
    for data in (plain + sourced, sourced + plain):
        assert Lines("truth", Layout(rows.schema("truth")))._alike(data, DAY) is not None
        assert read(data, "truth")[0].equals(decoded(data, "truth"))
