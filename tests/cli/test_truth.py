"""`evergreen truth`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli import truth as sending
from tests.cli.conftest import Run
from tests.cli.stand_in import Request, StandIn, problem


@pytest.fixture
def taking(server: StandIn) -> StandIn:
    """The server, accepting every truth."""
    server.on("POST .*/truth", _accept)
    return server


def _accept(request: Request) -> dict[str, Any]:
    return {"accepted": len(request.json["truths"]), "refused": []}


def _sent(server: StandIn) -> list[dict[str, Any]]:
    return [item for request in server.asked("POST /models/adult/truth") for item in request.json["truths"]]


def _file(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text)
    return path


def test_truth_is_sent_by_id_with_its_time(taking: StandIn, evergreen: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, "id,truth,at\na,1,2026-11-20T16:00:00Z\nb,no,\n")
    result = evergreen("truth", "adult", path)
    assert result.exit_code == 0, result.output
    assert _sent(taking) == [
        {"id": "a", "truth": "1", "at": "2026-11-20T16:00:00Z"},
        {"id": "b", "truth": "no"},
    ]
    assert result.stdout == "Accepted 2 truths, refused 0.\n"


def test_truth_is_sent_by_business_key(taking: StandIn, evergreen: Run, tmp_path: Path) -> None:
    evergreen("truth", "adult", _file(tmp_path, "key,truth\n007,yes\n"))
    assert _sent(taking) == [{"key": "007", "truth": "yes"}]


def test_scored_table_will_do_once_it_has_truths(taking: StandIn, evergreen: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, "id,age,prediction,prediction_id,truth\n9,1,yes,a,no\n8,2,yes,b,\n")
    result = evergreen("truth", "adult", path)
    assert _sent(taking) == [{"id": "a", "truth": "no"}]
    assert "1 rows have no truth yet." in result.stdout


def test_truth_of_a_regression_is_a_number(taking: StandIn, evergreen: Run, tmp_path: Path) -> None:
    taking.on("GET .*/versions/[^/]+", {"signature": {"task": "regression"}})
    evergreen("truth", "adult", _file(tmp_path, "id,truth\na,3.50\nb,many\n"))
    assert _sent(taking) == [{"id": "a", "truth": 3.5}, {"id": "b", "truth": "many"}]


@pytest.mark.parametrize(("rows", "sizes"), [(3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_batches_hold_every_truth_once(
    *, taking: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(sending, "ROWS", 3)
    evergreen("truth", "adult", _file(tmp_path, "id,truth\n" + "".join(f"{n},no\n" for n in range(rows))))
    assert [len(request.json["truths"]) for request in taking.asked("POST .*/truth")] == sizes
    assert [item["id"] for item in _sent(taking)] == [str(number) for number in range(rows)]


def test_refused_truths_are_named_by_their_line(
    server: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ROWS", 2)

    def refuse_forged(request: Request) -> dict[str, Any]:
        truths = request.json["truths"]
        refused = [{"index": n, "reason": "forged"} for n, item in enumerate(truths) if item["id"] == "f"]
        return {"accepted": len(truths) - len(refused), "refused": refused}

    server.on("POST .*/truth", refuse_forged)
    result = evergreen("truth", "adult", _file(tmp_path, "id,truth\na,no\nf,no\nb,\nf,yes\n"))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["line 3: forged", "line 5: forged"]
    assert "Accepted 1 truths, refused 2. 1 rows have no truth yet." in result.stdout


def test_server_that_takes_fewer_is_sent_halves_and_lines_stay_right(
    server: StandIn, evergreen: Run, tmp_path: Path
) -> None:
    def one_at_a_time(request: Request) -> Any:
        truths = request.json["truths"]
        if len(truths) > 1:
            return problem(413, "too_large", "At most 1.")
        bad = truths[0]["id"] == "f"
        return {"accepted": int(not bad), "refused": [{"index": 0, "reason": "forged"}] if bad else []}

    server.on("POST .*/truth", one_at_a_time)
    result = evergreen("truth", "adult", _file(tmp_path, "id,truth\na,no\nb,no\nf,no\n"))
    assert result.stderr == "line 4: forged\n"
    assert "Accepted 2 truths, refused 1." in result.stdout


def test_table_without_the_columns_is_wrong_use(taking: StandIn, evergreen: Run, tmp_path: Path) -> None:
    result = evergreen("truth", "adult", _file(tmp_path, "name,truth\na,no\n"))
    assert result.exit_code == 2
    assert "expected the columns id (or prediction_id, or key) and truth, got name, truth. Rename" in result.stderr
    assert not _sent(taking)


def test_ctrl_c_says_what_counts(
    taking: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ROWS", 1)
    send = sending._send

    def interrupted_after_one(*arguments: Any) -> Any:
        if taking.asked("POST .*/truth"):
            raise KeyboardInterrupt
        return send(*arguments)

    monkeypatch.setattr(sending, "_send", interrupted_after_one)
    result = evergreen("truth", "adult", _file(tmp_path, "id,truth\na,no\nb,no\n"))
    assert result.exit_code == 130
    assert "1 truths were accepted and count" in result.stderr
