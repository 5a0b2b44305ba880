"""`evergreen score`."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli import score as scoring
from tests.cli.conftest import Run, rows_of, scores
from tests.cli.stand_in import VERSION, Request, StandIn, problem

HEADER = ["age", "job", "prediction", "probability", "prediction_id"]


def _csv(path: Path, rows: int) -> Path:
    path.write_text("age,job\n" + "".join(f"{age},clerk\n" for age in range(rows)))
    return path


def _sizes(server: StandIn) -> list[int]:
    return [len(rows_of(item)) for item in server.asked("POST .*/score")]


def test_prediction_stands_beside_the_tables_columns(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 2))
    assert result.exit_code == 0, result.output
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        HEADER,
        ["0", "clerk", "yes", "0.75", "id-0"],
        ["1", "clerk", "yes", "0.75", "id-1"],
    ]
    assert f"Scored 2 rows with adult {VERSION}." in result.stderr


@pytest.mark.parametrize(("rows", "sizes"), [(1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10])])
def test_batches_hold_every_row_once(
    *,
    server: StandIn,
    evergreen: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    sizes: list[int],
) -> None:
    monkeypatch.setattr(scoring, "ROWS", 10)
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", rows))
    assert _sizes(server) == sizes
    scored = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["prediction_id"] for row in scored] == [f"id-{age}" for age in range(rows)]


def test_server_that_takes_fewer_rows_is_sent_halves_in_order(
    server: StandIn, evergreen: Run, tmp_path: Path
) -> None:
    def at_most_three(request: Request) -> Any:
        if len(rows_of(request)) > 3:
            return problem(413, "too_large", "At most 3 rows.")
        return scores(request)

    server.on("POST .*/score", at_most_three)
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 10))
    assert result.exit_code == 0, result.output
    ages = [row["age"] for row in csv.DictReader(io.StringIO(result.stdout))]
    assert ages == [str(age) for age in range(10)]


def test_row_that_is_too_large_by_itself_is_refused(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    server.on("POST .*/score", problem(413, "too_large", "The body is larger than 10 bytes."))
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 2))
    assert result.exit_code == 1
    assert "larger than 10 bytes" in result.stderr


def test_bad_cells_are_named_by_their_line_in_the_file(
    server: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "ROWS", 2)
    path = tmp_path / "t.csv"
    path.write_text('age,job\n1,"two\nlines"\n2,b\n\nforty,c\nfifty,d\n')

    def refuse_words(request: Request) -> Any:
        bad = [
            {"column": "age", "row": row, "expected": "a number", "got": repr(cells[0]), "remedy": "Send a number."}
            | {"message": "…"}
            for row, cells in enumerate(rows_of(request))
            if cells[0].isalpha()
        ]
        return problem(400, "invalid_input", "…", bad) if len(bad) == 2 else scores(request)

    server.on("POST .*/score", refuse_words)
    result = evergreen("score", "adult", path)
    assert result.exit_code == 1
    assert "  - line 6, column 'age': expected a number, got 'forty'. Send a number." in result.stderr
    assert "  - line 7, column 'age': expected a number, got 'fifty'. Send a number." in result.stderr


def test_csv_cells_reach_the_server_as_they_stand(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeffage,job\r\n007,"a ""b"", ü"\r\n'.encode())
    evergreen("score", "adult", path)
    request = server.asked("POST .*/score")[0]
    assert request.headers["content-type"] == "text/csv"
    assert list(csv.reader(io.StringIO(request.body.decode()))) == [["age", "job"], ["007", 'a "b", ü']]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n3\n", "line 3: expected 2 cells as in the header, got 1"),
        (b'a,b\n1,"2\n', "line 2"),
        (b"a,b\n1,\x00\n", "is a binary file"),
        (b"PAR1 and nothing else", "expected a whole Parquet file"),
        (b"age,job\n", "has a header only"),
    ],
)
def test_file_that_is_not_a_whole_table_is_wrong_use(
    server: StandIn, evergreen: Run, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    result = evergreen("score", "adult", path, "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out.csv").exists()


def _parquet(path: Path) -> Path:
    table = pa.table(
        {
            "age": pa.array([1, 2, None], pa.int64()),
            "height": pa.array([1.5, math.nan, None]),
            "at": pa.array([datetime(2026, 11, 20, 16, tzinfo=UTC)] * 3, pa.timestamp("ns", "UTC")),
            "price": pa.array([Decimal("1.10"), None, Decimal("2.00")]),
            "job": pa.array(["a", "b", "a"]).dictionary_encode(),
            "old": pa.array([True, False, None]),
        }
    )
    pq.write_table(table, path)
    return path


def test_parquet_values_travel_as_json_values(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    result = evergreen("score", "adult", _parquet(tmp_path / "t.parquet"))
    assert result.exit_code == 0, result.output
    body = server.asked("POST .*/score")[0].json
    assert body["dataframe_split"]["data"] == [
        [1, 1.5, "2026-11-20T16:00:00+00:00", 1.1, "a", True],
        [2, None, "2026-11-20T16:00:00+00:00", None, "b", False],
        [None, None, "2026-11-20T16:00:00+00:00", 2.0, "a", None],
    ]
    first = next(csv.DictReader(io.StringIO(result.stdout)))
    assert first["old"] == "true"
    assert first["at"] == "2026-11-20T16:00:00+00:00"


def test_parquet_output_keeps_the_tables_types_over_batches(
    server: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "ROWS", 2)
    out = tmp_path / "out.parquet"
    result = evergreen("score", "adult", _parquet(tmp_path / "t.parquet"), "-o", out)
    assert result.exit_code == 0, result.output
    table = pq.read_table(out)
    assert table.num_rows == 3
    assert table.schema.field("age").type == pa.int64()
    assert pa.types.is_timestamp(table.schema.field("at").type)
    assert table.column("probability").to_pylist() == [0.75] * 3
    assert table.column("prediction_id").to_pylist() == ["id-1", "id-2", "id-None"]


def test_json_lines_output_holds_one_object_a_row(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    evergreen("score", "adult", _csv(tmp_path / "t.csv", 2), "-o", out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[1] == dict(zip(HEADER, ["1", "clerk", "yes", 0.75, "id-1"], strict=True))


def test_regression_has_no_probability(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    numbers = {"model": "bike", "version": VERSION, "predictions": [1.5], "prediction_ids": ["x"], "logged": True}
    server.on("POST .*/score", numbers)
    result = evergreen("score", "bike", _csv(tmp_path / "t.csv", 1))
    assert result.stdout.splitlines() == ["age,job,prediction,prediction_id", "0,clerk,1.5,x"]


def test_unlogged_predictions_are_told(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    server.on("POST .*/score", lambda request: scores(request) | {"logged": False, "prediction_ids": None})
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 2))
    assert "2 predictions were not logged" in result.stderr
    assert result.stdout.splitlines()[1] == "0,clerk,yes,0.75,"


def test_output_of_an_unknown_kind_is_wrong_use(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 2), "-o", tmp_path / "out.xlsx")
    assert result.exit_code == 2
    assert "ends in .csv, .jsonl or .parquet" in result.stderr
    assert not server.requests


def test_table_with_a_column_that_scoring_adds_is_wrong_use(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,prediction\n1,2\n")
    result = evergreen("score", "adult", path)
    assert result.exit_code == 2
    assert "column 'prediction'" in result.stderr


def test_ctrl_c_leaves_no_half_file_and_says_what_was_logged(
    server: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "ROWS", 2)
    answers = scoring.answers

    def interrupted_after_one(api: Any, model: str, batch: Any) -> Any:
        if server.asked("POST .*/score"):
            raise KeyboardInterrupt
        return answers(api, model, batch)

    monkeypatch.setattr(scoring, "answers", interrupted_after_one)
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 5), "-o", tmp_path / "out.csv")
    assert result.exit_code == 130
    assert "Stopped after 2 rows. Their predictions are in the server's log" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_unknown_model_is_told_in_the_servers_words(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    server.on("POST .*/score", problem(404, "not_found", "There is no model 'adult'."))
    result = evergreen("score", "adult", _csv(tmp_path / "t.csv", 1))
    assert result.exit_code == 1
    assert "There is no model 'adult'." in result.stderr
