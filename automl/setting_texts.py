"""The text of an environment variable as a value; each function raises ValueError saying what was expected."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from urllib.parse import urlsplit


def positive_int(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("a positive whole number")
    return int(text)


def positive_float(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError("a positive number")
    return value


def url(text: str) -> str:
    """An http or https URL, or nothing."""
    try:
        parts = urlsplit(text)
        is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:  # its words repeat the text, which may hold a key
        is_fit = False
    if text and not is_fit:
        raise ValueError("an http or https URL")
    return text


def secret(text: str) -> str:
    """A signing key in base64, with or without `whsec_` before it, or nothing."""
    try:
        size = len(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        size = 0
    if text and size < 24:
        raise ValueError("at least 24 bytes in base64, such as `openssl rand -base64 32` prints")
    return text


def share(text: str) -> float:
    """A number above 0, at most 1."""
    try:
        value = positive_float(text)
    except ValueError:
        value = 2.0
    if value > 1:
        raise ValueError("a number above 0, at most 1")
    return value


def one_of(options: tuple[str, ...]) -> Callable[[str], str]:
    """A parser of one of some words."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError("one of " + ", ".join(options))
        return text

    return parse
