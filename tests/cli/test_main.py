"""What every command has in common: addresses, keys, patience, errors and exit codes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli.errors import EXIT_CODES, Misuse, NothingAnswers
from cli.transport import ATTEMPTS, LONGEST_WAIT_S, Transport
from tests.cli.conftest import Run
from tests.cli.stand_in import Answer, Request, StandIn, problem


def test_help_names_the_commands_and_every_exit_code(evergreen: Run) -> None:
    text = " ".join(evergreen("--help").output.split())
    for command in ("train", "score", "truth", "status"):
        assert f" {command} " in text
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in text


def test_version_is_printed(evergreen: Run) -> None:
    result = evergreen("--version")
    assert result.exit_code == 0
    assert result.output.startswith("evergreen ")


def test_where_nothing_answers_the_way_to_start_is_told(evergreen: Run) -> None:
    with socket.socket() as taken:  # bound but not listening: a connection is refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = evergreen("status", "--url", url)
    assert result.exit_code == 3
    assert f"Nothing answers at {url}. Start the system with `make up`" in result.stderr


def test_connection_that_breaks_off_is_not_called_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = Transport(f"http://127.0.0.1:{listener.getsockname()[1]}", None)
        transport._client.timeout = 0.05  # nobody accepts, so no answer ever comes
        with pytest.raises(NothingAnswers, match="broke off"):
            transport.send("GET", "/models")
        transport.close()


@pytest.mark.parametrize("url", ["", "127.0.0.1:7071", "ftp://host", "http://", "http://[::1"])
def test_address_that_is_none_is_wrong_use(url: str) -> None:
    with pytest.raises(Misuse, match="expected an address like http"):
        Transport(url, None)


def test_wrong_key_says_where_the_right_one_goes(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*", Answer(status=401, body=""))
    result = evergreen("status", "--key", "wrong")
    assert result.exit_code == 1
    assert "refused the key" in result.stderr
    assert "EVERGREEN_KEY" in result.stderr
    assert server.requests[-1].headers["x-functions-key"] == "wrong"


def test_every_problem_of_a_refusal_is_shown(server: StandIn, evergreen: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    problems = [
        {"field": "search.seed", "message": "Field 'search.seed': expected a number."},
        {"field": "serach", "message": "Field 'serach': expected a known key. Did you mean 'search'?"},
    ]
    server.on("PUT /models/t", problem(400, "invalid_input", "Field 'search.seed': … (and 1 more)", problems))
    result = evergreen("train", table, "--target", "b")
    assert result.exit_code == 1
    assert "Refused for 2 reasons:" in result.stderr
    for item in problems:
        assert f"  - {item['message']}" in result.stderr


def test_answer_of_another_server_is_not_taken_for_ours(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*", Answer(status=404, body="<html>", headers={"content-type": "text/html"}))
    result = evergreen("status", "adult")
    assert result.exit_code == 1
    assert "404 with text/html, which is not how Evergreen answers" in result.stderr


def test_page_that_is_no_json_object_is_not_taken_for_ours(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*", Answer(body="<html>", headers={"content-type": "text/html"}))
    assert "is not how Evergreen answers" in evergreen("status").stderr


def test_busy_server_is_asked_again_when_it_says(server: StandIn) -> None:
    waited: list[float] = []

    def busy_twice(_: Request) -> Answer:
        if len(server.requests) == 1:
            return Answer(status=503, headers={"retry-after": "7"})
        return Answer(status=503, headers={"retry-after": "3600"}) if len(server.requests) == 2 else Answer()

    server.on("GET /x", busy_twice)
    transport = Transport(server.url, None, pause=waited.append)
    assert transport.object("GET", "/x") == {}
    assert waited == [7.0, LONGEST_WAIT_S]
    transport.close()


def test_server_that_stays_busy_is_given_up_with_its_own_words(server: StandIn, evergreen: Run) -> None:
    refusal = problem(503, "unavailable", "Storage cannot be reached.")
    server.on("GET /models", Answer(status=503, body=refusal.body, headers={"retry-after": "0"}))
    result = evergreen("status")
    assert result.exit_code == 1
    assert "Storage cannot be reached." in result.stderr
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("command", [("score", "Adult", "{file}"), ("truth", "../x", "{file}"), ("status", "a b")])
def test_name_that_no_model_can_have_is_wrong_use(
    server: StandIn, evergreen: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,truth\n1,2\n")
    result = evergreen(*(part.format(file=table) for part in command))
    assert result.exit_code == 2
    assert "Expected the name of a model" in result.stderr
    assert not server.requests


@pytest.mark.parametrize("command", [("train", "none.csv", "--target", "x"), ("score", "adult", "none.csv")])
def test_file_that_is_not_there_is_wrong_use(evergreen: Run, command: tuple[str, ...]) -> None:
    result = evergreen(*command)
    assert result.exit_code == 2
    assert "none.csv" in result.stderr
