"""HTTP functions under the local host, over real sockets."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from infra.local.host.http import BODY_LIMIT
from tests.local.conftest import APP
from tests.support.host import Host, host


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/pre/fix/things/7", {"function": "number", "id": "7"}),
        ("/pre/fix/things/-7", {"function": "number", "id": "-7"}),
        ("/pre/fix/things/seven", {"function": "word", "name": "seven"}),
        ("/pre/fix/things/special", {"function": "special"}),
        ("/PRE/fix/Things/Special", {"function": "special"}),
        ("/pre/fix/things/special/", {"function": "special"}),
        ("/pre/fix/things/Spe%20cial", {"function": "word", "name": "Spe cial"}),
        ("/pre/fix/things/a%2Fb", {"function": "word", "name": "a%2Fb"}),
        ("/pre/fix/things/special/parts/2", {"function": "parts", "thing": "special", "part": "2"}),
        ("/pre/fix/things/special/parts", {"function": "parts", "thing": "special"}),
        ("/pre/fix/files/a/b/c.txt", {"function": "files", "path": "a/b/c.txt"}),
        ("/pre/fix/files", {"function": "files"}),
    ],
)
def test_a_path_reaches_the_most_specific_route_with_its_parameters(
    web: Host, path: str, expected: dict[str, str]
) -> None:
    assert web.get(path).json() == expected


def test_a_method_the_literal_route_lacks_is_answered_by_the_parameter_route(web: Host) -> None:
    assert httpx.put(f"{web.url}/pre/fix/things/special").json() == {"function": "word", "name": "special"}


@pytest.mark.parametrize("path", ["/", "/things/7", "/pre/fix", "/pre/fix/things", "/pre/fix/things//parts", "/%"])
def test_a_path_without_a_route_is_404(web: Host, path: str) -> None:
    assert web.get(path).status_code == 404


def test_a_method_without_a_function_is_405_and_names_those_allowed(web: Host) -> None:
    answer = httpx.delete(f"{web.url}/pre/fix/things/7")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


def test_a_disabled_function_is_not_there(web: Host) -> None:
    assert web.get("/pre/fix/switched-off").status_code == 404


def test_a_request_arrives_whole_and_so_does_its_answer(web: Host) -> None:
    answer = web.post("/pre/fix/echo?a=1&a=2&b=&c=%C3%A9", content="body é", headers=[("X-Two", "1"), ("X-Two", "2")])
    assert (answer.status_code, answer.headers["x-seen"], answer.headers["content-type"]) == (
        201,
        "yes",
        "application/json",
    )
    seen = answer.json()
    assert seen["method"] == "POST"
    assert seen["url"] == f"{web.url}/pre/fix/echo?a=1&a=2&b=&c=%C3%A9"
    assert seen["params"] == {"a": "1,2", "b": "", "c": "é"}
    assert seen["headers"]["x-two"] == "1,2"
    assert seen["body"] == "body é"


def test_a_chunked_body_arrives_whole(web: Host) -> None:
    parts = [b"x" * 100_000] * 30
    assert web.post("/pre/fix/echo", content=iter(parts)).json()["body"] == b"".join(parts).decode()


def test_a_body_over_the_limit_is_413(web: Host) -> None:
    part = b"x" * 2**20
    answer = web.post("/pre/fix/echo", content=(part for _ in range(BODY_LIMIT // len(part) + 1)))
    assert answer.status_code == 413


def test_a_head_answer_has_no_body(web: Host) -> None:
    answer = httpx.head(f"{web.url}/pre/fix/echo")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


def test_a_plain_handler_runs_in_a_thread_and_is_given_its_context(web: Host) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    in_main, name, caller, parent, invocation = web.get("/pre/fix/plain", headers={"traceparent": trace}).json()
    assert (in_main, name, parent) == (False, "plain", trace)
    assert caller == invocation
    assert (
        web.get("/pre/fix/caller").text == "nobody"
    )  # what one invocation put into its context is not seen by another


def test_an_ill_formed_traceparent_starts_a_new_trace(web: Host) -> None:
    parent = web.get("/pre/fix/plain", headers={"traceparent": "00-0-0-00"}).json()[3]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", parent)


def test_plain_handlers_run_side_by_side_up_to_the_size_of_the_pool(web: Host) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: web.get("/pre/fix/meet/3").text, range(3)))
    assert answers == ["True"] * 3


def test_returning_nothing_is_204(web: Host) -> None:
    assert web.get("/pre/fix/nothing").status_code == 204


def test_an_exception_becomes_500_with_an_id_that_the_log_explains(web: Host) -> None:
    answer = web.get("/pre/fix/broken")
    assert answer.status_code == 500
    assert answer.json().keys() == {"id"}
    assert "secret" not in answer.text
    web.says(answer.json()["id"])
    web.says("RuntimeError: a secret of the app")


def test_without_a_keys_file_no_key_is_asked_for(web: Host) -> None:
    assert web.get("/pre/fix/locked").text == "opened"


def test_the_hosts_own_status_answers_like_azures(web: Host) -> None:
    assert web.get("/admin/host/status").json()["state"] == "Running"


def test_it_listens_on_this_machine_only(web: Host) -> None:
    assert web.url.startswith("http://127.0.0.1:")


def test_keys_open_what_they_belong_to(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "keys.json"
    keys = {"master": "m", "host": {"default": "h"}, "functions": {"locked": {"default": "f"}, "chief": {"x": "c"}}}
    file.write_text(json.dumps(keys))

    with host(APP, environ, "--keys", str(file)) as running:

        def status(path: str, key: str | None, *, in_query: bool = False) -> int:
            if in_query:
                return running.get(f"/pre/fix/{path}?code={key}").status_code
            headers = {"x-functions-key": key.encode("latin-1")} if key else {}
            return running.get(f"/pre/fix/{path}", headers=headers).status_code

        assert status("nothing", None) == 204
        assert [status("locked", key) for key in (None, "wrong", "c", "é")] == [401] * 4
        assert [status("locked", key) for key in ("f", "h", "m")] == [200] * 3
        assert [status("locked", key, in_query=True) for key in ("f", "x")] == [200, 401]
        assert [status("chief", key) for key in ("c", "h", "m")] == [401, 401, 200]
