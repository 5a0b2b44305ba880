"""After a deployment: waits until the app is healthy, gives it a first spec, and says how to go on."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.azd.arm import HookError

ATTEMPTS = 30
PAUSE_S = 10.0
"""A first deployment takes a few minutes until the platform has started an instance of it."""

FIRST_SPEC = {"target": "income", "columns": {"drop": ["fnlwgt"]}, "search": {"time_budget": 60}}
"""For UCI's Adult table, which every guide of docs/ uses."""
FIRST_MODEL = "adult"

Send = Callable[..., Any]


def first_spec(url: str, key: str, send: Send, pause: Callable[[float], None] = time.sleep) -> bool:
    """Store a first spec where there is no model yet; whether one was stored.

    Raises
    ------
    HookError
        When the app does not become healthy, or refuses.
    """
    wait_until_live(url, send, pause)
    headers = {"x-functions-key": key}
    if send("GET", f"{url}/models", headers=headers)["models"]:
        return False
    try:
        send("GET", f"{url}/models/{FIRST_MODEL}", headers=headers)
    except HookError:
        send("PUT", f"{url}/models/{FIRST_MODEL}", FIRST_SPEC, headers=headers)
        return True
    return False


def wait_until_live(url: str, send: Send, pause: Callable[[float], None]) -> None:
    """Ask for the app's health until it answers.

    Raises
    ------
    HookError
        When it never does.
    """
    for attempt in range(ATTEMPTS):
        try:
            send("GET", f"{url}/health/live")
        except HookError as error:
            if attempt == ATTEMPTS - 1:
                raise HookError(
                    f"The app did not become healthy within {ATTEMPTS * PAUSE_S:.0f} s. {error} "
                    "Run `evergreen doctor --azure`, and look at the log stream of the app."
                ) from error
            pause(PAUSE_S)
        else:
            return


def how_to_go_on(environ: Mapping[str, str]) -> str:
    """What a person types next. The key itself is not printed: terminals and CI keep what is printed."""
    url, app, group = (environ[name] for name in ("EVERGREEN_URL", "SERVICE_SERVING_NAME", "AZURE_RESOURCE_GROUP"))
    keys = f"az functionapp keys list --name {app} --resource-group {group} --query functionKeys.default --output tsv"
    row = shlex.quote('{"dataframe_records": [{"age": 39, "education": "Bachelors", "hours-per-week": 40}]}')
    return "\n".join(
        [
            "",
            f"Evergreen is deployed:  {url}",
            f"  key:    export EVERGREEN_URL={url} EVERGREEN_KEY=$({keys})",
            "  train:  evergreen train adult.csv --target income --name adult",
            f'  score:  curl -s {url}/models/{FIRST_MODEL}/score -H "x-functions-key: $EVERGREEN_KEY" '
            f"-H 'Content-Type: application/json' -d {row}",
            f"  check:  evergreen doctor --azure --resource-group {group}",
            "",
        ]
    )
