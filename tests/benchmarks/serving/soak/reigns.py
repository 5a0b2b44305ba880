"""Which version could have been champion when an answer was given."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Reigns:
    """The promotions of one model, as they were made.

    Times are monotonic seconds. A promotion begins to count when it was begun, since nobody knows when within the
    call it took hold; the reign before it ends when it was over, and `late_s` after that for an instance that has not
    looked yet.

    Parameters
    ----------
    first
        Champion before all promotions.
    late_s
        How long after a promotion an instance may still answer with the champion before it; None: for ever.
    """

    first: str
    late_s: float | None
    _moves: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def champion(self) -> str:
        """The champion now."""
        return self._moves[-1][2] if self._moves else self.first

    def promoted(self, version: str, begun: float, over: float) -> None:
        """Note a promotion; later ones come later."""
        self._moves.append((begun, over, version))

    def could_answer(self, version: str, sent: float, received: float) -> bool:
        """Whether a version may stand in an answer to a request sent and answered at these times."""
        champions = [(float("-inf"), self.first), *((begun, name) for begun, _, name in self._moves)]
        ends = [over for _, over, _ in self._moves]
        for place, (since, name) in enumerate(champions):
            until = ends[place] if place < len(ends) and self.late_s is not None else float("inf")
            if name == version and since <= received and sent <= until + (self.late_s or 0.0):
                return True
        return False
