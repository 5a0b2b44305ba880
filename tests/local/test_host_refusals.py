"""What the local host does not do, it says by name before it serves anything."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra.local.host.app_settings import add_local_settings
from infra.local.host.errors import Refused
from infra.local.host.host_json import read_host_json
from infra.local.host.indexing import index, only_app
from infra.local.host.keys import read_keys
from infra.local.host.main import REFUSED
from infra.local.host.routes import Routes
from tests.support.host import start

HEADER = "import azure.functions as func\napp = func.FunctionApp()\n"
HTTP = '@app.route("a")\ndef a(req: func.HttpRequest) -> str:\n    return "a"\n'
STORAGE = {"S": "UseDevelopmentStorage=true", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}


def refused(source: str, **env: str) -> str:
    """What is said against an app of this source."""
    module = ModuleType("function_app")
    exec(source, vars(module))  # noqa: S102 - the source is above or below
    with pytest.raises(Refused) as caught:
        Routes(index(only_app(module), STORAGE | env), "")
    return str(caught.value)


def host_refuses(folder: Path, source: str, *arguments: str) -> str:
    """What a host says that ends at once because it does not run an app of this source."""
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text('{"version": "2.0"}')
    running = start(folder, STORAGE, *arguments)
    try:
        assert running.process.wait(40) == REFUSED, "".join(running.output)
    finally:
        running.close()
    said = "".join(running.output)
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (
            '@app.blob_trigger(arg_name="b", path="c/{n}", connection="S")\ndef f(b: func.InputStream):\n    pass\n',
            "Function f: the trigger type blobTrigger is not supported",
        ),
        (
            '@app.route("a")\n@app.queue_output(arg_name="out", queue_name="q", connection="S")\n'
            "def f(req: func.HttpRequest, out: func.Out[str]) -> str:\n    return ''\n",
            "Function f: the binding (out) type queue is not supported",
        ),
        (
            '@app.route("a")\n@app.blob_input(arg_name="b", path="c/n", connection="S")\n'
            "def f(req: func.HttpRequest, b: str) -> str:\n    return ''\n",
            "Function f: the binding (in) type blob is not supported",
        ),
        (
            '@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")\n'
            '@app.timer_trigger(arg_name="t", schedule="0 * * * * *")\ndef f(t: func.TimerRequest):\n    pass\n',
            "Function f: a retry policy is not supported",
        ),
        ('@app.route("x/{n:regex(^a$)}")\ndef f(req: func.HttpRequest):\n    pass\n', "{n:regex(^a$)}"),
        ('@app.route("x/{n:min}")\ndef f(req: func.HttpRequest):\n    pass\n', "the constraint 'min'"),
        ('@app.route("x/{n}.json")\ndef f(req: func.HttpRequest):\n    pass\n', "the segment '{n}.json'"),
        ('@app.route("x/{n?}/y")\ndef f(req: func.HttpRequest):\n    pass\n', "goes on after '{n?}'"),
        ('@app.route("admin/x")\ndef f(req: func.HttpRequest):\n    pass\n', "begins with admin or runtime"),
        (HTTP + '@app.route("A")\ndef b(req: func.HttpRequest) -> str:\n    return ""\n', "answered by a already"),
        (HTTP.replace("HttpRequest", "QueueMessage"), "Function a: the parameter req is annotated QueueMessage"),
        (HTTP.replace("-> str", "-> dict[str, str]"), "annotated to return dict[str, str], expected HttpResponse or"),
        (HTTP.replace("-> str", "-> None"), "Function a: an HTTP function is annotated to return NoneType"),
        (HTTP.replace("HttpRequest)", "HttpRequest, context: str)"), "the parameter context is annotated str"),
        (HTTP.replace("req: ", "other, req: "), "Function a: expected the parameters ['req']"),
        (
            '@app.timer_trigger(arg_name="t", schedule="every day")\ndef f(t: func.TimerRequest):\n    pass\n',
            "Function f: schedule: expected six fields",
        ),
        (
            '@app.timer_trigger(arg_name="t", schedule="%NOWHERE%")\ndef f(t: func.TimerRequest):\n    pass\n',
            "Function f: schedule: expected the setting NOWHERE",
        ),
        (
            '@app.queue_trigger(arg_name="m", queue_name="q", connection="ELSEWHERE")\n'
            "def f(m: func.QueueMessage):\n    pass\n",
            "Function f: connection: expected the setting ELSEWHERE",
        ),
        ("other = func.FunctionApp()\n", "expected exactly one FunctionApp at the top level, got 2"),
    ],
)
def test_an_app_that_asks_for_more_is_refused_by_name(source: str, named: str) -> None:
    assert named in refused(HEADER + source)


def test_a_refused_app_ends_the_host_with_the_reason_before_it_listens(tmp_path: Path) -> None:
    source = '@app.blob_trigger(arg_name="b", path="c/{n}", connection="S")\ndef f(b: func.InputStream):\n    pass\n'
    said = host_refuses(tmp_path, HEADER + source)
    assert "local host: Function f: the trigger type blobTrigger is not supported" in said
    assert "Listening" not in said


def test_every_problem_is_named_at_once() -> None:
    said = refused(
        HEADER
        + '@app.route("x/{n:min}")\ndef f(req: func.HttpRequest):\n    pass\n'
        + '@app.route("y/{n:max}")\ndef g(req: func.HttpRequest):\n    pass\n',
    )
    assert "Function f" in said
    assert "Function g" in said


def test_an_identity_connection_is_refused() -> None:
    source = (
        '@app.queue_trigger(arg_name="m", queue_name="q", connection="I")\ndef f(m: func.QueueMessage):\n    pass\n'
    )
    assert "with an identity (I__accountName)" in refused(HEADER + source, I__accountName="x")


def test_a_time_zone_is_refused() -> None:
    source = '@app.timer_trigger(arg_name="t", schedule="0 * * * * *")\ndef f(t: func.TimerRequest):\n    pass\n'
    assert "WEBSITE_TIME_ZONE is not supported" in refused(HEADER + source, WEBSITE_TIME_ZONE="CET")


@pytest.mark.parametrize(
    ("host_json", "named"),
    [
        ({"concurrency": {"dynamicConcurrencyEnabled": True}}, "host.json concurrency: is not supported"),
        ({"extensions": {"blobs": {}}}, "host.json extensions.blobs: is not supported"),
        ({"extensions": {"http": {"hsts": {}}}}, "host.json extensions.http.hsts: is not supported"),
        ({"extensions": {"queues": {"speed": 1}}}, "host.json extensions.queues.speed: is not supported"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "batchSize: expected a whole number from 1 to 32, got 33"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding: expected 'base64' or 'none'"),
        ({"functionTimeout": "30 minutes"}, "functionTimeout: expected a time span"),
        ({"version": "1.0"}, "version: expected '2.0', got '1.0'"),
        ({"logging": {"logLevel": {"default": "Loud"}}}, "logLevel.default: expected one of Trace"),
    ],
)
def test_host_json_that_would_change_behaviour_is_refused(
    tmp_path: Path, host_json: dict[str, Any], named: str
) -> None:
    (tmp_path / "host.json").write_text(json.dumps({"version": "2.0"} | host_json))
    with pytest.raises(Refused) as caught:
        read_host_json(tmp_path / "host.json")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"IsEncrypted": True, "Values": {}}, "IsEncrypted: expected false"),
        ({"Values": {"PORT": 1}}, "Values.PORT: expected text, got 1"),
        ({"Host": {"LocalHttpPort": 7072}}, "local.settings.json Host.LocalHttpPort: is not supported"),
        ({"ConnectionStrings": {}}, "local.settings.json ConnectionStrings: is not supported"),
    ],
)
def test_local_settings_that_cannot_be_honoured_are_refused(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    (tmp_path / "local.settings.json").write_text(json.dumps(settings))
    with pytest.raises(Refused) as caught:
        add_local_settings(tmp_path / "local.settings.json", {})
    assert named in str(caught.value)


@pytest.mark.parametrize("keys", ["", "{}", '{"master": ""}', '{"master": "m", "host": ["x"]}'])
def test_a_keys_file_of_another_form_is_refused(tmp_path: Path, keys: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(keys)
    with pytest.raises(Refused, match=r"expected .*master"):
        read_keys(file)


def test_a_missing_keys_file_ends_the_host(tmp_path: Path) -> None:
    said = host_refuses(tmp_path, HEADER + HTTP, "--keys", str(tmp_path / "none.json"))
    assert "none.json: cannot be read" in said


def test_a_folder_without_an_app_is_refused(tmp_path: Path) -> None:
    running = start(tmp_path, {})
    assert running.process.wait(40) == REFUSED
    running.close()
    assert "host.json: expected beside function_app.py" in "".join(running.output)


def test_a_busy_port_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = host_refuses(tmp_path, HEADER + HTTP, "--port", str(port))
    assert f"127.0.0.1:{port} cannot be listened on" in said
    assert "--port" in said
