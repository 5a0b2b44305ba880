"""The server's sentences name routes; to somebody at a command line the command is the next step."""

from __future__ import annotations

import re

_MAKE = r"`evergreen train FILE --name \1` makes it, `evergreen models` lists what there is."
_TRAIN = r"`evergreen train FILE --name \1` trains it, `evergreen runs \1` shows its runs."
_COMMANDS = (
    (r"Create it with PUT /models/(\S+), or see GET /models\.", _MAKE),
    (r"Train it with POST /models/(\S+)/train, or see its runs\.", _TRAIN),
    (r"GET /models/(\S+)/versions lists them\.", r"`evergreen versions \1` lists them."),
    (r"GET /models/(\S+)/runs lists them\.", r"`evergreen runs \1` lists them."),
    (r"GET /models/(\S+)/quarantine lists them\.", r"`evergreen quarantine \1` lists them."),
    (r"GET /models lists them\.", "`evergreen models` lists them."),
)


def at_the_prompt(message: str) -> str:
    """The message with commands in place of routes.

    >>> at_the_prompt("Model 'a' has no version 'v9'. GET /models/a/versions lists them.")
    "Model 'a' has no version 'v9'. `evergreen versions a` lists them."
    """
    for route, command in _COMMANDS:
        message = re.sub(route, command, message)
    return message
