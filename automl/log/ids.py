"""Prediction ids that prove themselves: UUIDv7 whose last 32 bits are a keyed hash of the model and the other bits.

An id that nobody was ever given is refused from its text alone, without reading the log. 32 bits make a guess
succeed once in 4 billion; the join with the log then finds no such prediction.
"""

from __future__ import annotations

import hmac
import os
import re
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
_AHEAD = 256
"""Ids whose random bits are made at once."""
_HEAD_BYTES, _OWN_BYTES, _TAG_BYTES = 12, 6, 4
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
        self._ahead: list[bytes] = []

    def mint(self, model: str, n: int, now_ms: int) -> list[str]:
        """New ids of `n` predictions made at `now_ms` (UTC epoch milliseconds)."""
        base = self._base(model)
        time = now_ms.to_bytes(6)
        start = f"{time[:4].hex()}-{time[4:].hex()}-"
        made: list[str] = []
        for _ in range(n):
            own = self._own()
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

    def _own(self) -> bytes:
        """What an id has behind its time: 42 random bits, the version and the variant.

        Taken from what was made in advance: a call to the system costs as much as the rest of an id.
        """
        while True:
            try:
                return self._ahead.pop()  # one step, so that no two threads get the same
            except IndexError:
                self._ahead.extend(_owns(self._random(_AHEAD * _OWN_BYTES)))

    def _base(self, model: str) -> blake2s:
        """The hash that the ids of a model begin with."""
        base = self._bases.get(model)
        if base is None:
            base = blake2s(model.encode(), key=self._key, digest_size=_TAG_BYTES, person=b"ever-id1")
            if len(self._bases) >= _BASES:
                self._bases.clear()
            self._bases[model] = base
        return base


def _owns(noise: bytes) -> list[bytes]:
    """Random bytes, six by six, with version 7 and the variant of RFC 9562 in their places."""
    marked = bytearray(noise)
    marked[0::_OWN_BYTES] = bytes(0x70 | byte & 0x0F for byte in noise[0::_OWN_BYTES])
    marked[2::_OWN_BYTES] = bytes(0x80 | byte & 0x3F for byte in noise[2::_OWN_BYTES])
    return [bytes(marked[at : at + _OWN_BYTES]) for at in range(0, len(marked), _OWN_BYTES)]


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
