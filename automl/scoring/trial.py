"""Which requests of a model its challenger answers, while it is given a share of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl.scoring.session import ModelSession


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """A challenger that answers a share of the requests for a champion.

    What a request is about decides which of the two answers, by a hash that every process computes alike: the same
    business key is answered by the same version as long as the comparison lasts. The hash is keyed by model and
    challenger, so that the next challenger meets other customers; and it is compared with the share, so that a share
    that grows takes nobody back.

    Parameters
    ----------
    share
        Of the requests, from 0 to 1.
    cached
        Gives the challenger while it is in memory; None while it is not, and the champion answers.
    """

    model: str
    version: str
    share: float
    cached: Callable[[], ModelSession | None]
    _salt: bytes = field(init=False)

    def __post_init__(self) -> None:
        named = f"{self.model}/{self.version}".encode()
        object.__setattr__(self, "_salt", blake2b(named, digest_size=32).digest())

    def takes(self, name: str) -> bool:
        """Whether what has this name is the challenger's to answer.

        >>> trial = Trial(model="adult", version="v2", share=0.25, cached=lambda: None)
        >>> sum(trial.takes(f"customer {number}") for number in range(1000))
        239
        """
        # a header may hold bytes that are no text; they name something all the same
        digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8, key=self._salt).digest()
        return int.from_bytes(digest, "big") < self.share * 2**64

    def chosen(
        self, keys: Sequence[str | None] | None, named: Callable[[], str | None], chance: Callable[[], float]
    ) -> ModelSession | None:
        """The challenger, where a request falls to it and it is in memory; None for the champion.

        Parameters
        ----------
        keys
            Business keys of the rows, None where there are none. Rows of one key go by it. Rows of several are the
            champion's: an answer has one version, and no key may see both.
        named
            Gives the name that the request itself has (a session), for rows without a key.
        chance
            Gives a number from 0 to 1, for a request that has no name either.
        """
        of_rows = set(keys or ()) or {None}
        if len(of_rows) > 1:
            return None
        name = of_rows.pop()
        if name is None:
            name = named()
        is_taken = chance() < self.share if name is None else self.takes(name)
        session = self.cached() if is_taken else None
        return None if session is None else session.challenging
