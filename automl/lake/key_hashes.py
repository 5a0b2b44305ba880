"""Business keys as numbers that only this system can make of them: the key index holds these, and no key.

Order numbers can be tried out, so a plain hash of one would be the number itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from automl.log.ids import load_key
from automl.storage import Storage

BITS = 40
"""Bits of a hash. Two keys of a day with one hash cost a look into that day: of 10,000 keys that are looked for in a
year of 100,000 keys a day, one does in three such looks."""

Hashes = npt.NDArray[np.uint64]


class KeyHashes:
    """Hashes the keys of one model.

    Parameters
    ----------
    secret
        The one that every instance shares (`load_key`).
    """

    def __init__(self, secret: bytes, model: str) -> None:
        self._base = blake2b(model.encode() + b"\n", key=secret, digest_size=BITS // 8, person=b"ever-key-index")
        self.check = blake2b(model.encode(), key=secret, digest_size=8, person=b"ever-key-check").hexdigest()
        """Tells whether two of these hash alike: a secret that was lost is made anew."""

    @classmethod
    def load(cls, storage: Storage, model: str) -> KeyHashes:
        """With the secret of the account."""
        return cls(load_key(storage), model)

    def of(self, keys: Sequence[str]) -> Hashes:
        """The hash of each key [N]."""
        return np.frombuffer(b"".join(map(self._digest, keys)), "<u8").astype(np.uint64)

    def _digest(self, key: str) -> bytes:
        made = self._base.copy()
        made.update(key.encode())
        return made.digest() + bytes(8 - BITS // 8)
