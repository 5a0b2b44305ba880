"""The replay: applications scored and truths told by the public API alone, and what comes of it read back from there.

The bank learns late what became of a loan, and not of each: when a month is over, the outcomes of three quarters of
the month *before* arrive together. All thresholds are the defaults; the monitor runs on its timer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from cli.api import Api
from cli.errors import Refused
from demo.loans import TARGET, applications, as_csv
from demo.scene import Scene
from demo.story import Plan, spec
from demo.tally import Tally

STEP = 500
"""Answers in one stretch of the drawing; fewer when a request carries fewer."""

MOST = 5_000
"""Truths in one request."""

LOOK_S = 1.0
"""Pause between two looks at what the system did, in seconds."""

ENDED = frozenset({"registered", "rejected", "failed"})


class Replay:
    """One demonstration on one model of its own.

    Parameters
    ----------
    scene
        Kept up to date while the replay goes on; another thread may draw it.
    tell
        Told each sentence of the story as it happens.
    """

    def __init__(self, api: Api, scene: Scene, plan: Plan, *, seed: int, tell: Callable[[str], None]) -> None:
        self.api = api
        self.scene = scene
        self.plan = plan
        self.seed = seed
        self.first = ""
        self._tell = tell
        self._rng = np.random.default_rng(seed)
        self._began = time.monotonic()
        self._looked = 0.0
        self._known: set[str] = set()
        self._month: list[tuple[str, str]] = []
        self._past: list[tuple[str, str]] = []

    @property
    def model(self) -> str:
        """The name of the model that is played with."""
        return self.scene.model

    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Add a sentence to the story."""
        self.scene.news.append((self.elapsed_s(), text))
        self._tell(f"[{self.elapsed_s():5.1f} s] {text}")

    def train(self) -> None:
        """Make the first model from the history. Raises Refused when the run ends without one."""
        table = as_csv(applications(self.plan.history, self._rng))
        self.api.put_spec(self.model, spec(self.model, self.plan, self.seed))
        self.api.put_block(self.model, "history", 0, table)
        self.api.commit(self.model, "history", blocks=1, kind="csv")
        run = self.api.train(self.model, "history", idempotency_key=f"{self.model}-first")
        self.say(f"{self.plan.history:,} applications of the past are uploaded; a search begins.")
        while run["status"] not in ENDED:
            time.sleep(0.3)
            run = self.scene.run = self.api.run(self.model, run["id"])
        if run["status"] != "registered":
            raise Refused(f"The first model was not made: the run ended {run['status']}: {run['message']}")
        self.first = self.scene.champion = str(run["version"])
        self._known = {event["id"] for event in self.api.events(self.model)}
        metrics = self.api.version(self.model, self.first)["metrics"]
        accuracy = metrics["holdout"]["accuracy"]
        self.say(f"Champion {self.first}: accuracy {accuracy:.1%} on {metrics['n_holdout']:,} rows it never saw.")

    def play_month(self, tally: Callable[[str], Tally], *, changed: bool) -> None:
        """Score the applications of a month, then tell the truths of the month before.

        Parameters
        ----------
        tally
            Where the answers of a version are counted.
        changed
            Whether times have changed.
        """
        self.scene.month += 1
        pace = self.plan.month_s / self.plan.ticks
        for _ in range(self.plan.ticks):
            due = time.monotonic() + pace
            self._tick(tally, changed=changed)
            self.look()
            time.sleep(max(0.0, due - time.monotonic()))
        self._tell_truths()

    def look(self, *, now: bool = False) -> None:
        """See what the system did since the last look, at most once in `LOOK_S` unless it must be now."""
        if not now and time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        for event in self.api.events(self.model):
            if event["id"] not in self._known:
                self._known.add(event["id"])
                self._hear(event)
        runs = self.api.runs(self.model)
        self.scene.run = runs[0] if runs else None
        if (monitor := self.api.monitor(self.model)) is not None:
            self.scene.labelled = monitor["labelled"]
            self.scene.e_value = monitor["report"]["detector"]["e_value"]

    def heard(self, kind: str) -> bool:
        """Whether an event of this kind has happened since the replay began."""
        return any(letter == _LETTERS[kind] for _, letter in self.scene.marks)

    def _tick(self, tally: Callable[[str], Tally], *, changed: bool) -> None:
        rows = applications(self.plan.batch, self._rng, times_changed=changed)
        truths = [row.pop(TARGET) for row in rows]
        scored = self.api.score_records(self.model, rows)
        right = [said == truth for said, truth in zip(scored.predictions, truths, strict=True)]
        if scored.version != self.scene.champion:
            self.scene.champion = scored.version
            self.say(f"Version {scored.version} answers now.")
        tally(scored.version).add(right)
        if not self.scene.steps or self.scene.steps[-1].n >= min(STEP, self.plan.month // 4):
            self.scene.steps.append(Tally())
        self.scene.steps[-1].add(right)
        self.scene.scored += len(rows)
        self.scene.waiting += len(rows)
        self._month += zip(scored.ids or [], truths, strict=True)

    def _tell_truths(self) -> None:
        known = [pair for pair in self._past if self._rng.random() < self.plan.told]
        for start in range(0, len(known), MOST):
            batch = known[start : start + MOST]
            answer = self.api.truth(self.model, [{"id": name, "truth": truth} for name, truth in batch])
            if answer["refused"]:
                raise Refused(f"A truth was refused: {answer['refused'][0]['reason']}")
        self.scene.told += len(known)
        self.scene.waiting -= len(known)
        self._past, self._month = self._month, []

    def mark(self, letter: str) -> None:
        """Mark the stretch that is being drawn."""
        self.scene.marks.append((max(0, len(self.scene.steps) - 1), letter))

    def _hear(self, event: dict[str, Any]) -> None:
        self.say(event["text"])
        if (letter := _LETTERS.get(event["kind"])) is not None:
            self.mark(letter)


_LETTERS = {"alarm": "A", "retraining": "R", "registered": "C", "promoted": "P", "kept": "K", "undecided": "U"}
"""How an event is marked in the drawing."""
