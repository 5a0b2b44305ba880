"""The few requests to Azure and to the app that the hooks make."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

MANAGEMENT = "https://management.azure.com"
API = "2024-11-01"
TIMEOUT_S = 120


class HookError(Exception):
    """A request was refused; the message says which and what to do."""


def token() -> str:
    """A token for Azure's management API, from whoever is signed in to azd.

    Raises
    ------
    HookError
        When nobody is.
    """
    done = subprocess.run(
        ["azd", "auth", "token", "--output", "json"],  # noqa: S607 - azd runs this hook, so it is on the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise HookError(f"azd gave no token: {done.stderr.strip()} Sign in with `azd auth login`.")
    return str(json.loads(done.stdout)["token"])


def function_key(subscription: str, group: str, app: str) -> str:
    """The default function key of an app.

    Raises
    ------
    HookError
        When Azure does not give it.
    """
    site = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}"
    url = f"{MANAGEMENT}{site}/host/default/listKeys?api-version={API}"
    answer = send("POST", url, headers={"authorization": f"Bearer {token()}"})
    return str(answer["functionKeys"]["default"])


def send(method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """One request; its JSON answer, None for an empty one.

    Raises
    ------
    HookError
        Saying what was answered.
    """
    data = None if body is None else json.dumps(body).encode()
    given = {"content-type": "application/json", "content-length": str(len(data or b"")), **dict(headers or {})}
    request = urllib.request.Request(url, data=data, headers=given, method=method)  # noqa: S310 - https, see below
    if not url.startswith("https://"):
        raise HookError(f"Expected an address that begins with https://, got {url}.")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise HookError(
            f"{method} {url} answered {error.code}: {error.read()[:500].decode(errors='replace')}"
        ) from error
    except OSError as error:
        raise HookError(f"{method} {url} was not answered: {error}") from error
    return json.loads(text) if text else None
