"""The host's command line, and its life from start to signal."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from infra.local.host.app_settings import add_local_settings
from infra.local.host.errors import Refused
from infra.local.host.functions import Function, HttpTrigger
from infra.local.host.host_json import read_host_json
from infra.local.host.http import HttpApp
from infra.local.host.indexing import index, load_app
from infra.local.host.invoking import Invoker, pool_size
from infra.local.host.keys import read_keys
from infra.local.host.listeners import Listener, make_listeners
from infra.local.host.routes import Routes

GRACE_S = 5
"""How long requests, ticks and messages at work may take to end after a signal."""
REFUSED = 2
"""Exit code when this host does not run the app as it is."""

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an app until SIGTERM or SIGINT; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _start(options)
    except Refused as refused:
        for problem in refused.problems:
            print(f"local host: {problem}", file=sys.stderr)  # noqa: T201 - a command line speaks this way
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.host", description="Run an Azure Functions app.")
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="port to listen on; 0 takes a free one (default 7071)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine)")
    parser.add_argument("--keys", type=Path, help="JSON file with access keys; without it no key is asked for")
    parser.add_argument(
        "--lease", type=int, default=60, help="seconds after which a killed handler's message returns (default 60)"
    )
    return parser


def _start(options: argparse.Namespace) -> int:
    """Build everything that may be refused, then serve."""
    folder = options.app.resolve()
    config = read_host_json(folder / "host.json")
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(max(logging.WARNING, config.log_level))  # it logs every storage call
    cors = add_local_settings(folder / "local.settings.json", os.environ)
    keys = read_keys(options.keys) if options.keys else None
    listening = _bind(options.host, options.port)
    os.chdir(folder)
    functions = index(load_app(folder), os.environ)
    invoker = Invoker(folder=folder, timeout_s=config.function_timeout_s, threads=pool_size(os.environ))
    app = HttpApp(routes=Routes(functions, config.route_prefix), invoker=invoker, keys=keys, cors=cors)
    listeners = make_listeners(
        functions, config=config, invoker=invoker, folder=folder, environ=os.environ, lease_s=options.lease
    )
    for function in functions:
        log.info("%s", _described(function, config.route_prefix))
    server = _server(app)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, listeners, listening))
    invoker.close()
    if invoker.threads_at_work:
        log.warning("%d handlers run in threads that cannot be stopped; they end here.", invoker.threads_at_work)
        logging.shutdown()
        os._exit(0)  # Python would wait for those threads, however long they take
    return 0


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before anything slow happens, so that a busy one is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, because asyncio sets TCP_NODELAY on no other socket, and each answer would wait 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Refused(
            [f"{host}:{port} cannot be listened on ({error.strerror}). Choose another with --port."]
        ) from error
    return listening


class _Server(uvicorn.Server):
    """A server that leaves signals to the host, which has listeners to stop as well."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or ():
            address, port = each.getsockname()[:2]
            log.info("Listening on http://%s:%d", address, port)


def _server(app: HttpApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="httptools",
            loop="auto",  # uvloop where it is installed; it counts only for whoever asks for the loop's factory
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


async def _serve(server: _Server, listeners: list[Listener], listening: socket.socket) -> None:
    stop = asyncio.Event()

    def on_signal() -> None:
        stop.set()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    tasks = [asyncio.create_task(listener.run(stop)) for listener in listeners]
    for task in tasks:
        task.add_done_callback(lambda _: on_signal())  # a listener ends only on a signal, or by a fault of ours
    await server.serve(sockets=[listening])
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for error in results:
            if isinstance(error, Exception):
                raise error


def _described(function: Function, prefix: str) -> str:
    """One line for the log: what calls this function."""
    trigger = function.trigger
    if isinstance(trigger, HttpTrigger):
        path = "/".join(part for part in (prefix, trigger.route.strip("/")) if part)
        return f"{function.name}: {','.join(sorted(trigger.methods)) or 'any method'} /{path}"
    return f"{function.name}: {type(trigger).__name__}"
