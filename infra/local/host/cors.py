"""Pages of other origins: which may read answers, as Core Tools lets them by `Host.CORS` of local.settings.json.

Core Tools makes an ASP.NET Core policy of the listed origins with any method and any header; what that sends is sent
here. In Azure the platform does the same before a request reaches the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from infra.local.host.errors import Refused

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Who may read answers from a page of another origin.

    Parameters
    ----------
    origins
        Such as `http://localhost:3000`; empty where any may.
    credentials
        Whether cookies and the like may go along.
    """

    origins: frozenset[bytes]
    credentials: bool

    def allows(self, origin: bytes) -> Headers:
        """What an answer to a page of that origin says beside the rest; nothing where the page may not read it."""
        if not self.origins:
            return [(b"access-control-allow-origin", b"*")]
        vary = [(b"vary", b"Origin")]
        if origin not in self.origins:
            return vary
        with_credentials = [(b"access-control-allow-credentials", b"true")] if self.credentials else []
        return [(b"access-control-allow-origin", origin), *with_credentials, *vary]

    def preflight(self, method: bytes, headers: Mapping[bytes, bytes]) -> Headers | None:
        """The headers of the answer (204) to a browser that asks before it sends; None for any other request."""
        origin, wanted = headers.get(b"origin"), headers.get(b"access-control-request-method")
        if method != b"OPTIONS" or origin is None or wanted is None:
            return None
        allowed = self.allows(origin)
        if all(name != b"access-control-allow-origin" for name, _ in allowed):
            return allowed
        names = headers.get(b"access-control-request-headers")
        return [
            *allowed,
            (b"access-control-allow-methods", wanted),
            *([(b"access-control-allow-headers", names)] if names else []),
        ]


def read_cors(section: Mapping[str, Any], where: str) -> Cors | None:
    """The `Host` section of local.settings.json; None where it lets nobody.

    Raises
    ------
    Refused
        For settings this host does not honour, what is no origin, and credentials for every origin, which browsers
        refuse.
    """
    problems = [
        f"{where}.{name}: is not supported by the local host. Remove it, or use `func start`."
        for name in sorted(section.keys() - {"CORS", "CORSCredentials"})
    ]
    text, credentials = section.get("CORS", ""), section.get("CORSCredentials", False)
    if not isinstance(text, str):
        problems.append(f"{where}.CORS: expected origins with commas between them, or *, got {text!r}.")
        text = ""
    if not isinstance(credentials, bool):
        problems.append(f"{where}.CORSCredentials: expected true or false, got {credentials!r}.")
    origins = [origin.strip() for origin in text.split(",") if origin.strip()]
    if origins == ["*"]:
        if credentials is True:
            problems.append(f"{where}.CORSCredentials: is not possible with CORS *. List the origins.")
    else:
        problems += [
            f"{where}.CORS: expected an origin such as http://localhost:3000, got {origin!r}."
            for origin in origins
            if not _is_origin(origin.lower())
        ]
    if problems:
        raise Refused(problems)
    if not origins:
        return None
    listed = frozenset() if origins == ["*"] else frozenset(origin.lower().encode() for origin in origins)
    return Cors(origins=listed, credentials=bool(credentials))


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return text.isascii() and bool(parts.scheme and parts.netloc) and text == f"{parts.scheme}://{parts.netloc}"
