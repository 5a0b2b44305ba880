"""Scores one row of every model, made of values that its signature says it has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.azd.arm import HookError

Send = Callable[..., Any]


def score_all(url: str, key: str, send: Send) -> str:
    """See that the app is ready, and score one row of every model that has a champion; a sentence about it.

    Raises
    ------
    HookError
        When something does not answer as it should.
    """
    headers = {"x-functions-key": key}
    ready = send("GET", f"{url}/health/ready")
    if ready["status"] != "ready":
        raise HookError(f"Expected ready, got {ready['status']}: {' '.join(ready['reasons'])}")
    scored = []
    for model in send("GET", f"{url}/models", headers=headers)["models"]:
        try:
            champion = send("GET", f"{url}/models/{model}/champion", headers=headers)["champion"]
        except HookError:
            continue  # no version has become champion yet: there is nothing to score
        signature = send("GET", f"{url}/models/{model}/versions/{champion}", headers=headers)["signature"]
        row = {feature["name"]: _value(feature) for feature in signature["features"]}
        answer = send("POST", f"{url}/models/{model}/score", {"dataframe_records": [row]}, headers=headers)
        if len(answer["predictions"]) != 1:
            raise HookError(f"Expected one prediction of model {model}, got {answer['predictions']}.")
        scored.append(f"{model} {answer['version']}")
    return f"{url} is ready; scored: {', '.join(scored) or 'there is no champion yet'}."


def _value(feature: Mapping[str, Any]) -> Any:
    """A value that the model has seen."""
    if feature["type"] in ("number", "datetime"):
        return feature.get("low") or 0
    if feature["type"] == "boolean":
        return True
    return next(iter(feature.get("categories") or []), None)
