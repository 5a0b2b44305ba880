"""The scene drawn in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.chart import chart
from demo.scene import Scene

LEGEND = "● accuracy, │ its 95% band; D times change, A alarm, R retraining, C challenger, P promoted"
LINES = 11
NEWS = 6
"""How many of the newest sentences are shown."""

_STYLES = {"D": "bold yellow", "A": "bold red", "R": "magenta", "C": "cyan", "P": "bold green", "K": "red"}


def picture(scene: Scene, *, width: int, seconds: float) -> RenderableType:
    """The whole picture of one moment."""
    head = Text.assemble((f" {scene.act} ", "bold reverse"), f"  month {scene.month}, {seconds:.0f} s")
    lines = chart(scene.steps, scene.marks, width=max(20, width - 12), height=LINES)
    drawing = Text("\n".join(lines[:-1]) + "\n", "green")
    for letter in lines[-1]:
        drawing.append(letter, _STYLES.get(letter, "dim"))
    told = Table.grid(padding=(0, 1))
    for at, text in scene.news[-NEWS:]:
        told.add_row(f"{at:4.0f} s", text)
    return Group(head, Panel(Group(drawing, Text(LEGEND, "dim")), title="accuracy"), _numbers(scene), told)


def _numbers(scene: Scene) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_row("champion", scene.champion or "none yet", "scored", f"{scene.scored:,}")
    share = scene.told / scene.scored if scene.scored else 0.0
    table.add_row("run", _run(scene), "truths told", f"{scene.told:,} ({share:.0%} so far)")
    evidence = f"{scene.e_value:.3g} of {scene.threshold:g}"
    table.add_row("evidence of a fall", evidence, "seen by the monitor", f"{scene.labelled:,}")
    return table


def _run(scene: Scene) -> str:
    if scene.run is None:
        return "none"
    run = scene.run
    if run["status"] != "running":
        return str(run["status"])
    loss = "" if run["best_loss"] is None else f", best loss {run['best_loss']:.4g}"
    return f"{run['stage']} {run['percent']:.0f} %, {run['trials']} trials{loss}"


@contextmanager
def live(console: Console, scene: Scene, elapsed_s: Callable[[], float]) -> Iterator[None]:
    """Draw the scene again and again while the block lasts."""

    def draw() -> RenderableType:
        return picture(scene, width=console.width, seconds=elapsed_s())

    with Live(get_renderable=draw, console=console, refresh_per_second=4, transient=False):
        yield
