"""A pass of the monitor that dies at each operation of storage in turn, and the one that comes after it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from automl.errors import Unavailable
from tests.support.replay import Replay


def deaths(fresh: Callable[[], Replay]) -> Iterator[tuple[int, Replay]]:
    """The number of the operation that a pass died at, and what the next one made of it, to the last operation.

    Parameters
    ----------
    fresh
        Gives the model as it was before that pass, in an account of its own.
    """
    for step in itertools.count(1):
        replay, operations = fresh(), itertools.count(1)

        def die(*_: str, operations: itertools.count[int] = operations, step: int = step) -> None:
            if next(operations) >= step:
                raise Unavailable("storage is gone")

        replay.storage.before = die
        try:
            died = replay.watch().lake is not None
        except Unavailable:
            died = True
        replay.storage.before = lambda *_: None
        if not died:
            return
        replay.watch()
        yield step, replay
