"""A function app that uses everything the local host honours, and says on its output what it saw."""

from __future__ import annotations

import contextvars
import json
import os
import sys
import threading
from typing import Any, cast

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
gates: dict[str, threading.Event] = {}
CALLER = contextvars.ContextVar("CALLER", default="nobody")
ANONYMOUS = func.AuthLevel.ANONYMOUS


def say(**seen: Any) -> None:
    sys.stdout.write(f"SEEN {json.dumps(seen)}\n")  # in one piece: other threads speak, too
    sys.stdout.flush()


def gate(name: str) -> threading.Event:
    return gates.setdefault(name, threading.Event())


def answer(**document: Any) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), mimetype="application/json")


@app.route("things/{id:int}", methods=["GET"], auth_level=ANONYMOUS)
async def number(req: func.HttpRequest) -> func.HttpResponse:
    return answer(function="number", **req.route_params)


@app.route("things/{name}", methods=["GET", "PUT"], auth_level=ANONYMOUS)
async def word(req: func.HttpRequest) -> func.HttpResponse:
    return answer(function="word", **req.route_params)


@app.route("things/special", methods=["GET"], auth_level=ANONYMOUS)
async def special(req: func.HttpRequest) -> func.HttpResponse:
    return answer(function="special", **req.route_params)


@app.route("things/{thing}/parts/{part?}", methods=["GET"], auth_level=ANONYMOUS)
async def parts(req: func.HttpRequest) -> func.HttpResponse:
    return answer(function="parts", **req.route_params)


@app.route("files/{*path}", methods=["GET"], auth_level=ANONYMOUS)
async def files(req: func.HttpRequest) -> func.HttpResponse:
    return answer(function="files", **req.route_params)


@app.route("echo", auth_level=ANONYMOUS)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {"method": req.method, "url": req.url, "params": dict(req.params), "headers": dict(req.headers)}
    body = json.dumps(seen | {"body": req.get_body().decode()})
    return func.HttpResponse(body, status_code=201, headers={"X-Seen": "yes"}, mimetype="application/json")


@app.route("plain", auth_level=ANONYMOUS)
def plain(req: func.HttpRequest, context: func.Context) -> str:
    CALLER.set(context.invocation_id)
    seen = (threading.current_thread() is threading.main_thread(), context.function_name, CALLER.get())
    return json.dumps([*seen, context.trace_context.trace_parent, context.invocation_id])


@app.route("caller", auth_level=ANONYMOUS)
def caller(req: func.HttpRequest) -> str:
    return CALLER.get()


@app.route("nothing", auth_level=ANONYMOUS)
async def nothing(req: func.HttpRequest) -> func.HttpResponse:
    return cast(func.HttpResponse, None)  # Azure's worker indexes no HTTP function annotated `-> None`


@app.route("broken", auth_level=ANONYMOUS)
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("a secret of the app")


@app.route("setting/{name}", auth_level=ANONYMOUS)
async def setting(req: func.HttpRequest) -> str:
    return os.environ.get(req.route_params["name"], "")


@app.route("locked", methods=["GET"])
async def locked(req: func.HttpRequest) -> str:
    return "opened"


@app.route("chief", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
async def chief(req: func.HttpRequest) -> str:
    return "opened"


@app.route("switched-off", auth_level=ANONYMOUS)
async def switched_off(req: func.HttpRequest) -> str:
    return "on"


@app.route("meet/{count:int}", auth_level=ANONYMOUS)
def meet(req: func.HttpRequest) -> str:
    """Answer once so many of these run at the same time."""
    barrier = barriers.setdefault(req.route_params["count"], threading.Barrier(int(req.route_params["count"])))
    return str(barrier.wait(timeout=15) >= 0)


barriers: dict[str, threading.Barrier] = {}


@app.route("gates/{name}", methods=["POST"], auth_level=ANONYMOUS)
async def open_gate(req: func.HttpRequest) -> str:
    gate(req.route_params["name"]).set()
    return "open"


@app.queue_trigger(arg_name="msg", queue_name="%WORK_QUEUE%", connection="WORK_STORAGE")
def work(msg: func.QueueMessage, context: func.Context) -> None:
    """Do what the message says: fail, or wait for a gate, or end."""
    body = msg.get_body().decode()
    say(queue=body, attempt=msg.dequeue_count, id=msg.id, function=context.function_name)
    order, _, name = body.partition(" ")
    if order == "fail":
        raise RuntimeError("as told")
    if order == "wait" and not gate(name).wait(timeout=60):
        raise TimeoutError(name)
    say(done=body)


@app.timer_trigger(arg_name="tick", schedule="%TICKS%", run_on_startup=False)
async def clockwork(tick: func.TimerRequest) -> None:
    known: Any = tick  # the public interface has no `schedule_status`, what is delivered has
    say(tick=os.getpid(), past_due=tick.past_due, status=known.schedule_status)


@app.timer_trigger(arg_name="tick", schedule="0 0 0 1 1 *", run_on_startup=True, use_monitor=False)
def at_start(tick: func.TimerRequest) -> None:
    say(started=os.getpid(), past_due=tick.past_due)
