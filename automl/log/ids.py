"""Prediction ids that prove themselves: UUIDv7 whose last 32 bits are a keyed hash of the model and the other bits.

An id that nobody was ever given is refused from its text alone, without reading the log. 32 bits make a guess
succeed once in 4 billion; the join with the log then finds no such prediction.
"""

from __future__ import annotations

import hmac
import os
import re
import threading
from collections.abc import Callable
from hashlib import blake2s

from automl.errors import InvalidInput, Unavailable
from automl.storage import CONTROL, Missing, Precondition, Storage

KEY_BLOB = "id-key"
"""The blob of the control container that holds the key."""

KEY_BYTES = 32

Random = Callable[[int], bytes]
"""Gives so many random bytes."""

_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AHEAD_BYTES = 6 * 256
_HEAD_BYTES, _TAG_BYTES = 12, 4
_BASES = 1000
"""For how many models the beginning of the hash is kept; it costs more than the rest of an id."""


class Ids:
    """Makes and checks prediction ids.

    Parameters
    ----------
    key
        The secret that every instance shares (`load_key`).
    random
        Source of the 42 random bits.
    """

    def __init__(self, key: bytes, random: Random = os.urandom) -> None:
        self._key = key
        self._random = random
        self._bases: dict[str, blake2s] = {}
        self._lock = threading.Lock()
        self._ahead = b""

    def mint(self, model: str, n: int, now_ms: int) -> list[str]:
        """New ids of `n` predictions made at `now_ms` (UTC epoch milliseconds)."""
        base = self._base(model)
        time = now_ms.to_bytes(6)
        start = f"{time[:4].hex()}-{time[4:].hex()}-"
        noise = self._noise(6 * n)
        made: list[str] = []
        for at in range(0, 6 * n, 6):
            own = bytearray(noise[at : at + 6])
            own[0] = 0x70 | (own[0] & 0x0F)  # version 7
            own[2] = 0x80 | (own[2] & 0x3F)  # the variant of RFC 9562
            tagged = base.copy()
            tagged.update(time + own)
            text = own.hex()
            made.append(f"{start}{text[:4]}-{text[4:8]}-{text[8:]}{tagged.hexdigest()}")
        return made

    def check(self, model: str, prediction_id: str) -> int:
        """When the prediction of that id was made, in UTC epoch milliseconds.

        Raises
        ------
        InvalidInput
            When the text is no id, or one that this model never gave.
        """
        if not _FORM.fullmatch(prediction_id):
            shown = repr(prediction_id[:60])
            raise InvalidInput(f"Expected a prediction id as /score gives them, got {shown}. Send it unchanged.")
        raw = bytes.fromhex(prediction_id.replace("-", ""))
        tagged = self._base(model).copy()
        tagged.update(raw[:_HEAD_BYTES])
        if not hmac.compare_digest(tagged.digest(), raw[_HEAD_BYTES:]):
            raise InvalidInput(
                f"Model '{model}' never gave the id '{prediction_id}'. Send truth to the id's own model."
            )
        return int.from_bytes(raw[:6])

    def _noise(self, size: int) -> bytes:
        """So many random bytes, asked for in advance: a call to the system costs as much as the rest of an id."""
        with self._lock:
            if len(self._ahead) < size:
                self._ahead = self._random(max(size, _AHEAD_BYTES))
            taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    def _base(self, model: str) -> blake2s:
        """The hash that the ids of a model begin with."""
        base = self._bases.get(model)
        if base is None:
            base = blake2s(model.encode(), key=self._key, digest_size=_TAG_BYTES, person=b"ever-id1")
            if len(self._bases) >= _BASES:
                self._bases.clear()
            self._bases[model] = base
        return base


def made_at(prediction_id: str) -> int:
    """The milliseconds that a checked id carries.

    >>> made_at("019aa000-0000-7000-8000-000000000000")
    1763620945920
    """
    return int(prediction_id[:8] + prediction_id[9:13], 16)


def load_key(storage: Storage, random: Random = os.urandom) -> bytes:
    """The key that all instances share, made by whichever comes first."""
    for _ in range(2):
        try:
            blob = storage.get(CONTROL, KEY_BLOB)
        except Missing:
            blob = None
        if blob is not None and len(blob.data) == KEY_BYTES:
            return blob.data
        if blob is not None:
            raise Unavailable(f"{CONTROL}/{KEY_BLOB} holds {len(blob.data)} bytes, not {KEY_BYTES}. Restore it.")
        made = random(KEY_BYTES)
        try:
            storage.put(CONTROL, KEY_BLOB, made, create=True)
        except Precondition:
            continue  # another instance was first, or our own attempt whose answer was lost: read what is there
        return made
    raise Unavailable(f"{CONTROL}/{KEY_BLOB} is neither there nor can it be made. Try again in a moment.")
