"""`evergreen.Client`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from evergreen import Client, CommandError
from tests.cli.stand_in import StandIn, problem


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    with Client() as made:
        yield made


def frame() -> pd.DataFrame:
    days = [pd.Timestamp("2026-11-20"), pd.NaT]
    return pd.DataFrame({"age": [39, None], "job": ["clerk", None], "since": days}, index=[7, 9])


def test_frame_is_scored_under_its_own_index(server: StandIn, client: Client) -> None:
    scored = client.score("adult", frame())
    assert list(scored.columns) == ["prediction", "probability", "prediction_id"]
    assert list(scored.index) == [7, 9]
    assert server.asked("POST .*/score")[0].json == {
        "dataframe_split": {
            "columns": ["age", "job", "since"],
            "data": [[39.0, "clerk", "2026-11-20T00:00:00"], [None, None, None]],
        }
    }


def test_empty_frame_is_scored_as_nothing(server: StandIn, client: Client) -> None:
    scored = client.score("adult", frame().iloc[:0])
    assert len(scored) == 0
    assert server.asked("POST .*/score") == []


def test_truths_that_are_missing_wait_for_another_time(server: StandIn, client: Client) -> None:
    server.on("POST .*/truth", {"accepted": 1, "refused": []})
    assert client.truth("adult", ["a", "b"], pd.Series(["yes", None])) == 1
    assert server.asked("POST .*/truth")[0].json == {"truths": [{"id": "a", "truth": "yes"}]}


def test_refused_truth_is_an_error_with_its_reason(server: StandIn, client: Client) -> None:
    server.on("POST .*/truth", {"accepted": 0, "refused": [{"index": 0, "reason": "It is forged."}]})
    with pytest.raises(CommandError, match="It is forged"):
        client.truth("adult", ["a"], ["yes"])


def test_table_is_trained_on_and_waited_for(server: StandIn, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "my table.csv"
    path.write_text("a,b\n1,2\n")
    run = client.train(path, "b", search={"time_budget": 5})
    assert run["status"] == "registered"
    spec = server.asked("PUT /models/my-table")[0].json
    assert spec == {"name": "my-table", "target": "b", "search": {"time_budget": 5}}


def test_refusal_of_the_server_is_an_error_in_its_words(server: StandIn, client: Client) -> None:
    server.on("POST .*/score", problem(400, "invalid_input", "Column 'age': expected a number."))
    with pytest.raises(CommandError, match="Column 'age': expected a number"):
        client.score("adult", frame())
