"""Accuracy over time as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from demo.tally import Tally

LOW, HIGH = 0.5, 1.0
"""The part of the scale that is drawn; what is outside is drawn at its border."""


def chart(steps: Sequence[Tally], marks: Sequence[tuple[int, str]], *, width: int, height: int) -> list[str]:
    """A point for each stretch of answers, its 95% band as a line, and below it what happened when.

    Parameters
    ----------
    width
        Columns for the stretches; the newest that fit are drawn.
    height
        Lines of the scale.

    >>> calm, fallen = Tally(n=400, right=372), Tally(n=400, right=260)
    >>> print("\\n".join(chart([calm, calm, fallen], [(2, "D")], width=6, height=6)))
    100% ┤││
     90% ┤●●
     80% ┤
     70% ┤  ●
     60% ┤  │
     50% ┤
         └──D───
    """
    shown = list(steps[-width:])
    first = len(steps) - len(shown)
    columns = [_column(step, height) for step in shown]
    lines = []
    for row in range(height - 1, -1, -1):
        label = f"{LOW + (HIGH - LOW) * row / (height - 1):4.0%}"
        lines.append(f"{label} ┤" + "".join(column[row] for column in columns).rstrip())
    axis = ["─"] * width
    for index, letter in marks:
        place = index - first
        while 0 <= place < width - 1 and axis[place] != "─":
            place += 1  # two things in one stretch stand beside one another
        if 0 <= place < width:
            axis[place] = letter
    return [*lines, "     └" + "".join(axis)]


def _column(step: Tally, height: int) -> str:
    """One stretch from the bottom to the top."""
    low, high = (_row(value, height) for value in step.band)
    cells = ["│" if low <= row <= high else " " for row in range(height)]
    if step.n:
        cells[_row(step.accuracy, height)] = "●"
    return "".join(cells if step.n else " " * height)


def _row(value: float, height: int) -> int:
    share = (value - LOW) / (HIGH - LOW)
    return max(0, min(height - 1, round(share * (height - 1))))
