"""How long to wait before storage is asked once more."""

from __future__ import annotations

RETRIES = 4
"""How often a call is made again: after 30, 150, 750 and 3,750 ms, 5 s in all."""

_FIRST_S, _LONGER, _SPREAD = 0.03, 5, 0.5


def pause(count: int) -> tuple[float, float]:
    """Between how many seconds the pause before repetition number `count` is, counted from 1.

    Most of what fails, fails once: a call that met a busy server or a lost connection. The SDK's own policy waits at
    least a second before it tries again, and a group of scores would wait with it. Where storage is down for longer,
    the last pauses give it time. Each pause is spread by half of it, so that instances which failed together do not
    come back together.

    >>> [round(sum(pause(count)) / 2, 2) for count in range(1, RETRIES + 1)]
    [0.03, 0.15, 0.75, 3.75]
    """
    middle = _FIRST_S * _LONGER ** (count - 1)
    return (1 - _SPREAD) * middle, (1 + _SPREAD) * middle
