"""`evergreen demo`: a model that notices that its world has changed, and replaces itself, before your eyes."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import Refused, Stopped
from cli.names import checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show

NARROW = 100
"""Columns that the drawing takes in a log or a file, where no terminal says how wide it is."""


def demo(
    *,
    no_drift: Annotated[bool, typer.Option("--no-drift", help="Change nothing: no alarm must be raised.")] = False,
    seed: Annotated[int, typer.Option(help="What the applications are drawn from.", min=0)] = 1,
    name: Annotated[
        str | None, typer.Option(help="Name of the model; otherwise `demo-` and the time.", show_default=False)
    ] = None,
    pace: Annotated[float, typer.Option(help="How many times faster the months go by.", min=0.2, max=10.0)] = 1.0,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a moving picture.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Play a stream of loan applications against the running system, with a concept that turns round.

    Outcomes arrive a month late and for three applications of four. The monitor has to notice, a new model to be
    trained, judged and promoted, and accuracy to come back to within 2 points: otherwise the exit code is 1. It takes
    under 4 minutes, needs nothing but the public API, and leaves all thresholds at their defaults.
    """
    from demo import screen, story
    from demo import show as plays
    from demo.replay import Replay
    from demo.scene import Scene

    model = checked(name or f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    moving = Console(stderr=True).is_terminal and not plain
    console = Console(stderr=True, highlight=False, width=None if moving else NARROW)
    scene = Scene(model=model)
    tell = (lambda _: None) if moving else (lambda text: console.print(text, soft_wrap=True, markup=False))
    with connect(url, key) as api:
        replay = Replay(api, scene, story.Plan(month_s=story.MONTH_S / pace), seed=seed, tell=tell)
        drawing: AbstractContextManager[None] = (
            screen.live(console, scene, replay.elapsed_s) if moving else nullcontext()
        )
        try:
            with drawing:
                failure = (plays.quiet if no_drift else plays.drifting)(replay)
        except KeyboardInterrupt:
            text = f"Stopped. Model {model} stays, with its log; a run that was asked for goes on."
            raise Stopped(f"{text} Remove it with `evergreen delete {model}`.") from None
    if not moving and not as_json:
        console.print(screen.picture(scene, width=NARROW, seconds=replay.elapsed_s()))
    outcome = {
        "model": model,
        "seed": seed,
        "seconds": round(replay.elapsed_s(), 1),
        "failure": failure,
        "accuracy": {part: getattr(scene, part).accuracy for part in ("calm", "fallen", "restored")},
        "answers": {part: getattr(scene, part).n for part in ("calm", "fallen", "restored")},
        "marks": [letter for _, letter in scene.marks],
    }
    if as_json:
        show(outcome)
    elif failure is None:
        typer.echo(f"{scene.news[-1][1]}\nLook closer: evergreen events {model}. Remove it: evergreen delete {model}")
    sys.stdout.flush()
    if failure is not None:
        raise Refused(failure)
