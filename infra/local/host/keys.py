"""Access keys of HTTP functions, checked only where a keys file is given (`func start` checks none)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.host.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one app, in the three kinds Azure has, each as its SHA-256: all are of one length.

    Parameters
    ----------
    master
        Opens everything; the only one that opens `admin` functions.
    host
        Open every function.
    functions
        By function: the keys that open that one alone.
    """

    master: bytes
    host: tuple[bytes, ...]
    functions: Mapping[str, tuple[bytes, ...]]

    def admits(self, key: str | None, function: str, auth_level: str) -> bool:
        """Whether a key opens a function; takes the same time however much of a wrong key is right, or long."""
        if auth_level == "anonymous":
            return True
        given = _digest(key or "")
        accepted = [self.master]
        if auth_level != "admin":
            accepted += [*self.host, *self.functions.get(function, ())]
        return any([hmac.compare_digest(given, each) for each in accepted])  # noqa: C419 - no early exit: constant time


def read_keys(path: Path) -> Keys:
    """Read `{"master": "…", "host": {"<name>": "…"}, "functions": {"<function>": {"<name>": "…"}}}`.

    Raises
    ------
    Refused
        When the file is missing, not of this form, or holds an empty key.
    """
    shape = (
        'expected {"master": "…", "host": {"name": "…"}, "functions": {"function": {"name": "…"}}} without empty keys'
    )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        keys = Keys(
            master=_key(document["master"]),
            host=tuple(_key(key) for key in document.get("host", {}).values()),
            functions={
                name: tuple(_key(key) for key in named.values())
                for name, named in document.get("functions", {}).items()
            },
        )
    except OSError as error:
        raise Refused([f"keys file {path}: cannot be read ({error.strerror})."]) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused([f"keys file {path}: {shape}."]) from error
    return keys


def _key(text: object) -> bytes:
    if not isinstance(text, str) or not text:
        raise ValueError(text)
    return _digest(text)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
