"""Pages of other origins under the local host."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.host.cors import Cors, read_cors
from infra.local.host.errors import Refused
from tests.local.conftest import APP
from tests.support.host import Host, host

PAGE = "http://localhost:3000"
ASKS = {"origin": PAGE, "access-control-request-method": "PUT", "access-control-request-headers": "x-functions-key,a"}

Running = Callable[[dict[str, Any]], Any]


@pytest.fixture
def running(tmp_path: Path, environ: dict[str, str]) -> Running:
    """Start the fixture app with a `Host` section; its key is `m`."""

    @contextmanager
    def start(section: dict[str, Any]) -> Iterator[Host]:
        shutil.copytree(APP, tmp_path / "app")
        (tmp_path / "app" / "local.settings.json").write_text(json.dumps({"Host": section}))
        (tmp_path / "keys.json").write_text('{"master": "m"}')
        with host(tmp_path / "app", environ, "--keys", str(tmp_path / "keys.json")) as made:
            yield made

    return start


def of_cors(answer: httpx.Response) -> dict[str, str]:
    return {
        name: text for name, text in answer.headers.items() if name.startswith("access-control") or name == "vary"
    }


def asked(running: Host, path: str, **headers: str) -> httpx.Response:
    return httpx.options(running.url + path, headers=ASKS | headers)


def test_no_page_may_read_answers_unless_it_is_let(web: Host) -> None:
    answer = web.get("/pre/fix/plain", headers={"origin": PAGE})
    assert (answer.status_code, of_cors(answer)) == (200, {})
    before = asked(web, "/pre/fix/things/special")
    assert (before.status_code, of_cors(before)) == (405, {})


def test_listed_origins_may_read_answers_and_ask_before_without_a_key(running: Running) -> None:
    with running({"CORS": f"https://example.com, {PAGE}", "CORSCredentials": True}) as let:
        before = asked(let, "/pre/fix/locked")
        read = {
            "access-control-allow-origin": PAGE,
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }
        assert before.status_code == 204
        assert of_cors(before) == read | {
            "access-control-allow-methods": "PUT",
            "access-control-allow-headers": "x-functions-key,a",
        }
        answer = let.get("/pre/fix/locked?code=m", headers={"origin": PAGE})
        assert (answer.text, of_cors(answer)) == ("opened", read)
        refused = let.get("/pre/fix/locked", headers={"origin": PAGE})
        assert (refused.status_code, of_cors(refused)) == (401, read)

        other = asked(let, "/pre/fix/locked", origin="https://evil.example.com")
        assert (other.status_code, of_cors(other)) == (204, {"vary": "Origin"})
        unread = let.get("/pre/fix/locked?code=m", headers={"origin": "https://evil.example.com"})
        assert (unread.status_code, of_cors(unread)) == (200, {"vary": "Origin"})

        assert of_cors(let.get("/pre/fix/locked?code=m")) == {}
        assert httpx.options(f"{let.url}/pre/fix/things/special").status_code == 405


def test_a_star_lets_every_page(running: Running) -> None:
    with running({"CORS": "*"}) as let:
        answer = let.get("/pre/fix/locked?code=m", headers={"origin": PAGE})
        assert of_cors(answer) == {"access-control-allow-origin": "*"}
        assert of_cors(asked(let, "/pre/fix/locked"))["access-control-allow-methods"] == "PUT"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            {"CORS": "*", "CORSCredentials": True},
            "Host.CORSCredentials: is not possible with CORS *. List the origins.",
        ),
        ({"CORS": "localhost:3000"}, "Host.CORS: expected an origin such as http://localhost:3000, got"),
        ({"CORS": "http://localhost:3000/"}, "Host.CORS: expected an origin such as http://localhost:3000, got"),
        ({"CORS": f"*,{PAGE}"}, "Host.CORS: expected an origin such as http://localhost:3000, got '*'."),
        ({"CORS": ["*"]}, "Host.CORS: expected origins with commas between them, or *, got ['*']."),
        ({"CORSCredentials": "yes"}, "Host.CORSCredentials: expected true or false, got 'yes'."),
        ({"LocalHttpPort": 7072}, "Host.LocalHttpPort: is not supported by the local host."),
    ],
)
def test_section_that_cannot_be_honoured_is_refused_by_name(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(Refused) as refused:
        read_cors(section, "Host")
    assert problem in refused.value.problems[0]


@pytest.mark.parametrize("section", [{}, {"CORS": ""}, {"CORSCredentials": True}])
def test_section_that_lists_nobody_lets_nobody(section: dict[str, Any]) -> None:
    assert read_cors(section, "Host") is None


def test_origins_are_compared_as_browsers_send_them() -> None:
    made = read_cors({"CORS": "HTTP://LocalHost:3000"}, "Host")
    assert made == Cors(origins=frozenset({PAGE.encode()}), credentials=False)
