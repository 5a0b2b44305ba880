"""The part over sockets: such requests to the app behind the local host. `python -m tests.fuzz.over_http`."""

from __future__ import annotations

import http.client
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.fuzz import documented, oracle, part, transport
from tests.fuzz.requests import request
from tests.fuzz.sent import Answer, Sent
from tests.support.host import host

APP = Path(__file__).parent / "app"
NAMED = (*transport.MODELS, *transport.UNREACHED[:3])
"""Models whose names a path can hold; of others the host says that it has no such route."""


def send(connection: http.client.HTTPConnection, sent: Sent) -> Answer:
    """Send a request over a connection that is kept open."""
    path = documented.PATHS[sent.function].replace("{model}", quote(sent.model, safe=""))
    connection.request("POST", path, body=sent.body, headers=dict(sent.headers))
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=response.read())


def main() -> int:
    """Try the bodies of this part; the exit code."""
    given = part.arguments()
    state = part.State.load(given.state)
    with host(APP, {"EVERGREEN_ROLE": "serve"}) as running:
        address = urlsplit(running.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=part.HANG_S)
        for numbers in part.steps(state, given.count):
            sent = request(given.seed, numbers[0])
            if sent.model not in NAMED:
                sent = replace(sent, model="nobody")
            try:
                oracle.judge(sent, send(connection, sent), state.tally, knows=lambda *_: None)
            except Exception as error:  # noqa: BLE001 - whatever it is, the body that does it must be told
                return part.failed(f"over HTTP, seed {given.seed}", numbers, error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
