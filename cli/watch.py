"""A run shown live until it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.api import Api

POLL_S = 0.5
"""Pause between two looks at a run, in seconds."""

PATIENCE = 60
"""After how many looks at a run that is still queued the command says what may be amiss."""

ENDED = frozenset({"registered", "reproduced", "differs", "rejected", "failed"})


def watch(api: Api, model: str, run: dict[str, Any], console: Console) -> dict[str, Any]:
    """Follow a run to its end; its last record.

    A terminal gets one moving line, anything else (a file, a pipe) a line for each step.
    """
    if console.is_terminal:
        return _live(api, model, run, console)
    shown = ""
    last = run
    for last in _looks(api, model, run, console):
        step = f"{last['stage']} {int(last['percent']) // 10}"
        if step != shown and last["status"] not in ENDED:
            console.print(f"{last['stage']}: {last['percent']:.0f} %{_found(last)}", soft_wrap=True, markup=False)
        shown = step
    return last


def _live(api: Api, model: str, run: dict[str, Any], console: Console) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("{task.fields[found]}", markup=False),
        TimeElapsedColumn(),
    )
    last = run
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(run["stage"], total=100.0, found="")
        for last in _looks(api, model, run, console):
            progress.update(task, description=last["stage"], completed=last["percent"], found=_found(last))
    return last


def _looks(api: Api, model: str, run: dict[str, Any], console: Console) -> Iterator[dict[str, Any]]:
    """The record again and again until the run has ended."""
    queued = 0
    yield run
    while run["status"] not in ENDED:
        time.sleep(POLL_S)
        run = api.run(model, run["id"])
        yield run
        queued = queued + 1 if run["status"] == "queued" else 0
        if queued == PATIENCE:
            console.print("Still queued. Does a process of the role `train` run? `make up` starts one.", markup=False)


def _found(run: dict[str, Any]) -> str:
    """What the search has found so far, empty before its first trial."""
    if not run["trials"]:
        return ""
    loss = "" if run["best_loss"] is None else f", best loss {run['best_loss']:.4g}"
    return f", {run['trials']} {'trial' if run['trials'] == 1 else 'trials'}{loss}"
