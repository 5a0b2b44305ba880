"""Headers of a request, looked up without an exception for each that is absent, as most are."""

from __future__ import annotations

import azure.functions as func


def header(req: func.HttpRequest, name: str) -> str | None:
    """The value of a header; None where the request does not have it."""
    headers = req.headers
    return str(headers[name]) if name in headers else None
