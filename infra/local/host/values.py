"""The small notations of Functions configuration: time spans and `%SETTING%`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra.local.host.errors import Refused

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_SETTING = re.compile(r"%([^%]+)%")


def is_span(text: str) -> bool:
    """Whether a text is written as a time span."""
    return _SPAN.fullmatch(text) is not None


def span_seconds(text: object, where: str) -> float:
    """Seconds of a `[d.]hh:mm:ss` span.

    Raises
    ------
    Refused
        When it is not one; `where` says which value is to blame.

    >>> span_seconds("00:00:02", "maxPollingInterval"), span_seconds("1.00:00:00", "functionTimeout")
    (2.0, 86400.0)
    """
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[2]) > 23 or int(match[3]) > 59 or float(match[4]) >= 60:
        raise Refused([f"{where}: expected a time span such as 00:00:30 or 1.12:00:00, got {text!r}."])
    return int(match[1] or 0) * 86400.0 + int(match[2]) * 3600 + int(match[3]) * 60 + float(match[4])


def expand(text: str, environ: Mapping[str, str], where: str) -> str:
    """Put settings in the place of `%NAME%`.

    Raises
    ------
    Refused
        When a setting is not there.

    >>> expand("%QUEUE%-in", {"QUEUE": "train"}, "queueName")
    'train-in'
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environ:
            raise Refused(
                [
                    f"{where}: expected the setting {name} for %{name}%, got none. "
                    "Set it in the environment or under Values in local.settings.json."
                ]
            )
        return environ[name]

    return _SETTING.sub(value, text)
