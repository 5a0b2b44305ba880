"""What the audience sees at one moment: kept up to date by the replay, drawn by the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.tally import Tally


@dataclass(slots=True)
class Scene:
    """The state of the show.

    Parameters
    ----------
    steps
        Accuracy of each stretch of answers, oldest first.
    marks
        What happened, by the index of the stretch in which it did: (index, one letter).
    calm, fallen, restored
        Accuracy before the change, under the old champion after it, and under the new one.
    told, waiting
        Truths sent, and answers whose truth is not known yet or never will be.
    labelled
        Truths that the monitor has joined with their predictions.
    e_value, threshold
        The evidence that accuracy has fallen, and where it becomes an alarm.
    run
        The record of the run that is going on, or of the last one.
    news
        The sentences of the story so far.
    """

    model: str
    act: str = "Making the first model"
    steps: list[Tally] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    calm: Tally = field(default_factory=Tally)
    fallen: Tally = field(default_factory=Tally)
    restored: Tally = field(default_factory=Tally)
    champion: str = ""
    month: int = 0
    scored: int = 0
    told: int = 0
    waiting: int = 0
    labelled: int = 0
    e_value: float = 1.0
    threshold: float = 20.0
    run: dict[str, Any] | None = None
    news: list[tuple[float, str]] = field(default_factory=list)
