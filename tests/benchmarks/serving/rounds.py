"""Contenders measured in turn, again and again: a ratio is taken within a round, and the median over the rounds.

The machine is shared and its speed changes from second to second. What stands side by side in one round met nearly
the same machine; what one whole series has against another did not.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.serving.goals import Goal
from tests.benchmarks.serving.load import Job, Result
from tests.benchmarks.serving.servers import REPOSITORY, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One side of a comparison.

    Parameters
    ----------
    labels
        For each body, the labels that every right answer holds.
    """

    name: str
    server: Server
    labels: Sequence[Sequence[str]]


Rounds = Mapping[str, Sequence[Result]]
"""For each contender its results, one for each round."""


def measure(
    contenders: Sequence[Contender],
    *,
    bodies: str,
    connections: int,
    rounds: int,
    seconds: float,
    most: int = 200_000,
    spins: bool = False,
) -> Rounds:
    """Measure all contenders in turn, `rounds` times, and check every answer's status and some answers whole.

    Parameters
    ----------
    spins
        See `load.Job`.

    Raises
    ------
    WrongAnswer
        When a contender answers anything but 200 and the right labels.
    """
    found: dict[str, list[Result]] = {each.name: [] for each in contenders}
    for _ in range(rounds):
        for each in contenders:
            job = Job(
                port=each.server.port,
                pid=each.server.process.pid,
                path=each.server.path,
                bodies=bodies,
                connections=connections,
                seconds=seconds,
                most=most,
                spins=spins,
            )
            result = in_own_process(job)
            check(each, result)
            found[each.name].append(result)
    return found


class WrongAnswer(Exception):
    """A contender that is fast because it is wrong is not measured."""


def in_own_process(job: Job) -> Result:
    """Do a job beside this process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.serving.load"],
        input=json.dumps(asdict(job)),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=job.warmup_s + job.seconds + 120,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The load generator failed:\n{done.stderr[-4000:]}")
    return Result(**json.loads(done.stdout))


def check(contender: Contender, result: Result) -> None:
    """Compare statuses and the answers that were kept with what they should be. Raises WrongAnswer."""
    if set(result.statuses) != {"200"}:
        raise WrongAnswer(f"{contender.name}: expected only 200, got {result.statuses}.")
    if not result.kept:
        raise WrongAnswer(f"{contender.name}: no answer was kept to be checked.")
    for body, text in result.kept:
        predictions: list[Any] = json.loads(text)["predictions"]
        if predictions != list(contender.labels[body]):
            raise WrongAnswer(f"{contender.name}: body {body} was answered with other labels than the model's.")


def rate(result: Result) -> float:
    """Requests per second."""
    return result.requests / result.seconds


def ratio(rounds: Rounds, one: str, other: str, *, by: str = "rate") -> float:
    """The median over the rounds of one contender's number divided by the other's of the same round.

    Parameters
    ----------
    by
        `rate` (requests per second), or `p50_us`, `p99_us` or `cpu_us`.
    """

    def number(result: Result) -> float:
        return rate(result) if by == "rate" else float(getattr(result, by))

    return statistics.median(
        number(left) / number(right) for left, right in zip(rounds[one], rounds[other], strict=True)
    )


def faster(rounds: Rounds, what: str, one: str, other: str, bound: float) -> Goal:
    """That one contender answers at least so many times as many requests a second as another."""
    cpu = ratio(rounds, other, one, by="cpu_us")
    return Goal(what=what, value=ratio(rounds, one, other), cpu=cpu, sign="≥", bound=bound, unit="×")


def summary(results: Sequence[Result], rows: int) -> dict[str, float]:
    """Medians over the rounds, as they are shown and stored."""
    per_s = statistics.median(map(rate, results))
    return {
        "requests_per_s": round(per_s, 1),
        "rows_per_s": round(per_s * rows, 1),
        "p50_us": round(statistics.median(each.p50_us for each in results), 1),
        "p99_us": round(statistics.median(each.p99_us for each in results), 1),
        "cpu_us": round(statistics.median(each.cpu_us for each in results), 1),
        "requests": sum(each.requests for each in results),
    }
