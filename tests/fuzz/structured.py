"""The structured part: requests of a seed, one after another. `python -m tests.fuzz.structured`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.fuzz import part
from tests.fuzz.oracle import check
from tests.fuzz.requests import request
from tests.fuzz.world import world

CROWDS = (1, 2, 8, 32)
"""How many requests are sent in one turn of the event loop. The first, if it is accepted, has its rows sent in other
forms, too, alone: so it is also seen whether a crowd changes an answer."""


def crowds(numbers: range) -> Iterator[range]:
    """The numbers in crowds of each size.

    >>> list(crowds(range(12)))
    [range(0, 1), range(1, 3), range(3, 11), range(11, 12)]
    """
    start = 0
    for size in CROWDS:
        if crowd := numbers[start : start + size]:
            yield crowd
        start += size


def main() -> int:
    """Try the bodies of this part; the exit code."""
    given = part.arguments()
    state = part.State.load(given.state)
    with world() as process:
        for numbers in part.steps(state, given.count, size=sum(CROWDS)):
            try:
                with part.watched():
                    for crowd in crowds(numbers):
                        check(process, [request(given.seed, number) for number in crowd], state.tally)
            except Exception as error:  # noqa: BLE001 - whatever it is, the bodies that do it must be told
                return part.failed(f"seed {given.seed}", numbers, error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
