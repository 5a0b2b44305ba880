"""The structured part: requests of a seed, one after another. `python -m tests.fuzz.structured`."""

from __future__ import annotations

import sys

from tests.fuzz import part
from tests.fuzz.oracle import check
from tests.fuzz.requests import request
from tests.fuzz.world import world

COMPARED_EVERY = 8
"""Of how many bodies one, if it is accepted, has its rows sent in other forms, too."""


def main() -> int:
    """Try the bodies of this part; the exit code."""
    given = part.arguments()
    state = part.State.load(given.state)
    with world() as process:
        for number in part.steps(state, given.count):
            sent = request(given.seed, number)
            try:
                with part.watched():
                    check(process, sent, state.tally, is_compared=number % COMPARED_EVERY == 0)
            except Exception as error:  # noqa: BLE001 - whatever it is, the body that does it must be told
                return part.failed(f"seed {given.seed}", number, error, sent.plain)
    return 0


if __name__ == "__main__":
    sys.exit(main())
