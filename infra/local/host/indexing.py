"""Finds the functions of an app, and refuses by name what this host cannot give them."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func

from infra.local.host.app_settings import connection_string, is_disabled
from infra.local.host.errors import Refused
from infra.local.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger, Trigger
from infra.local.host.ncrontab import parse_schedule
from infra.local.host.values import expand

_TRIGGERS = ("httpTrigger", "timerTrigger", "queueTrigger")


def load_app(folder: Path) -> func.FunctionRegister:
    """Import `function_app.py` of a folder and return its one FunctionApp.

    Raises
    ------
    Refused
        When there is no such file, or not exactly one FunctionApp in it.
    """
    script = folder / "function_app.py"
    if not script.exists():
        raise Refused([f"{folder}: expected a function_app.py, found none."])
    sys.path.insert(0, str(folder))
    return only_app(importlib.import_module("function_app"))


def only_app(module: ModuleType) -> func.FunctionRegister:
    """The FunctionApp among a module's globals; Azure's worker, too, refuses two."""
    apps = {id(each): each for each in vars(module).values() if isinstance(each, func.FunctionRegister)}
    if len(apps) != 1:
        raise Refused([f"{module.__name__}.py: expected exactly one FunctionApp at the top level, got {len(apps)}."])
    return next(iter(apps.values()))


def index(app: func.FunctionRegister, environ: Mapping[str, str]) -> list[Function]:
    """The app's functions that are not switched off.

    Raises
    ------
    Refused
        With one sentence for everything this host does not support, in every function.
    """
    found: list[Function] = []
    problems: list[str] = []
    for function in app.get_functions():
        name = function.get_function_name() or function.get_user_function().__name__
        if is_disabled(name, environ):
            continue
        try:
            found.append(_function(name, function, environ))
        except Refused as refused:
            problems.extend(f"Function {name}: {problem}" for problem in refused.problems)
    names = [each.name for each in found]
    problems += [
        f"Function {name}: the name is used twice." for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise Refused(problems)
    return found


def _function(name: str, function: Any, environ: Mapping[str, str]) -> Function:
    handler = function.get_user_function()
    binding = _trigger_binding([json.loads(text) for text in function.get_raw_bindings()])
    if function.get_setting("retry_policy") is not None:
        raise Refused(["a retry policy is not supported by the local host."])
    parameters = inspect.signature(handler).parameters
    wanted = {binding["name"]}
    if parameters.keys() - {"context"} != wanted:
        raise Refused([f"expected the parameters {sorted(wanted)} (and context), got {sorted(parameters)}."])
    _check_annotations(handler, binding)
    return Function(
        name=name,
        handler=handler,
        is_async=inspect.iscoroutinefunction(handler),
        parameter=binding["name"],
        wants_context="context" in parameters,
        trigger=_trigger(binding, environ),
    )


def _trigger_binding(bindings: list[dict[str, Any]]) -> dict[str, Any]:
    """The one trigger of a function, once it is sure that nothing else hangs on it."""
    problems = []
    for binding in bindings:
        kind, direction = binding["type"], str(binding["direction"])
        if kind not in _TRIGGERS and kind != "http":
            noun = "trigger" if kind.endswith("Trigger") else f"binding ({direction.lower()})"
            problems.append(f"the {noun} type {kind} is not supported by the local host; {', '.join(_TRIGGERS)} are.")
    if problems:
        raise Refused(problems)
    triggers = [binding for binding in bindings if binding["type"] in _TRIGGERS]
    if len(triggers) != 1:
        raise Refused([f"expected one trigger, got {len(triggers)}."])
    return triggers[0]


def _check_annotations(handler: Any, binding: Mapping[str, Any]) -> None:
    """Refuse the annotations that Azure's worker refuses when it indexes; what is not annotated passes."""
    hints = typing.get_type_hints(handler)
    registry: Any = func.get_binding_registry  # it has no type hints
    name, kind = binding["name"], binding["type"]
    problems = []
    if name in hints and not _is_type(hints[name], registry().get(kind).check_input_type_annotation):
        problems.append(f"the parameter {name} is annotated {_named(hints[name])}, which a {kind} does not deliver.")
    if "context" in hints and getattr(hints["context"], "__name__", "") != "Context":
        problems.append(f"the parameter context is annotated {_named(hints['context'])}, expected Context.")
    returned = hints.get("return", str)
    if kind == "httpTrigger" and not _is_type(returned, registry().get("http").check_output_type_annotation):
        problems.append(f"an HTTP function is annotated to return {_named(returned)}, expected HttpResponse or str.")
    if problems:
        raise Refused(problems)


def _is_type(annotation: Any, accepts: Callable[[type], bool]) -> bool:
    return isinstance(annotation, type) and not typing.get_args(annotation) and accepts(annotation)


def _named(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _trigger(binding: Mapping[str, Any], environ: Mapping[str, str]) -> Trigger:
    if binding["type"] == "httpTrigger":
        return HttpTrigger(
            route=binding["route"],
            methods=frozenset(str(method).upper() for method in binding.get("methods") or ()),
            auth_level=str(binding.get("authLevel") or "function").lower(),
        )
    if binding["type"] == "timerTrigger":
        if environ.get("WEBSITE_TIME_ZONE"):
            raise Refused(["WEBSITE_TIME_ZONE is not supported by the local host: schedules are UTC. Remove it."])
        text = expand(binding["schedule"], environ, "schedule")
        remembers = binding.get("useMonitor")
        return TimerTrigger(
            schedule=parse_schedule(text, "schedule"),
            run_on_startup=bool(binding.get("runOnStartup")),
            remembers=remembers is None or bool(remembers),
        )
    connection = binding.get("connection") or "AzureWebJobsStorage"
    return QueueTrigger(
        queue=expand(binding["queueName"], environ, "queueName"),
        connection=connection_string(connection, environ, "connection"),
    )
