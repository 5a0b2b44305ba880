"""What the API's own document says that scoring may answer."""

from __future__ import annotations

from functools import cache

from functions.api_document import components
from functions.api_document.document import document
from functions.api_document.registered import routes
from functions.http import STATUS

PATHS = {
    "score": "/models/{model}/score",
    "invocations": "/invocations",
    "v2_infer": "/v2/models/{model}/infer",
}
"""The path of each function that is fuzzed."""

BY_PLATFORM = frozenset({401})
"""Answered before the app is asked."""

NEVER = frozenset({500})
"""Documented, since every program has faults, and never to be seen."""


@cache
def statuses(function: str) -> frozenset[int]:
    """The statuses that a function may answer with, here."""
    paths = document(routes("serve"), components.schemas())["paths"]
    found = {int(status) for status in paths[PATHS[function]]["post"]["responses"]}
    return frozenset(found - BY_PLATFORM - NEVER)


CODES = {kind.code: status.value for kind, status in STATUS.items() if status in statuses("score")}
"""The status of each error code that scoring may answer with."""
