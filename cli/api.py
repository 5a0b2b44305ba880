"""The HTTP API as the command line sees it: one method a route."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cli.errors import Refused
from cli.transport import Transport

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The answer to one scoring request; the lists are as long as the rows that were sent.

    Parameters
    ----------
    predictions
        Labels, or numbers for a regression.
    probabilities
        For each row the probability of each class, by the class as text; None for a regression.
    ids
        The prediction ids, to send ground truth by; None where predictions are not logged.
    logged
        Whether the predictions are in the log, so that truth about them will count.
    """

    version: str
    predictions: list[Any]
    probabilities: list[dict[str, float]] | None
    ids: list[str] | None
    logged: bool


class Api:
    """The routes of one server, reached by `transport`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.url = transport.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def ready(self) -> dict[str, Any]:
        """How the server says it is: `status`, `reasons` and the `versions` it answers with."""
        return self._transport.object("GET", "/health/ready")

    def put_spec(self, model: str, spec: Mapping[str, Any]) -> None:
        """Store the spec of a model."""
        self._transport.send("PUT", f"/models/{model}", json=spec)

    def put_block(self, model: str, upload: str, number: int, block: bytes, *, digest: str | None = None) -> None:
        """Upload one block of a table; with its `Content-Digest` the server refuses a damaged one."""
        headers = {"content-type": "application/octet-stream"} | ({"content-digest": digest} if digest else {})
        self._transport.send("PUT", f"/models/{model}/data/{upload}/{number}", content=block, headers=headers)

    def upload(self, model: str, upload: str) -> dict[str, Any]:
        """How far an upload has come: `table` (its record, once it is whole) and `blocks` (sizes by number)."""
        return self._transport.object("GET", f"/models/{model}/data/{upload}")

    def commit(self, model: str, upload: str, *, blocks: int, kind: str, sha256: str | None = None) -> None:
        """Make a table of the blocks `0..blocks-1`."""
        order = {"blocks": blocks, "format": kind} | ({"sha256": sha256} if sha256 else {})
        self._transport.send("POST", f"/models/{model}/data/{upload}/commit", json=order)

    def train(self, model: str, upload: str, *, idempotency_key: str) -> dict[str, Any]:
        """Ask for a run on an uploaded table; its record."""
        headers = {"idempotency-key": idempotency_key}
        return self._transport.object("POST", f"/models/{model}/train", json={"upload": upload}, headers=headers)

    def run(self, model: str, run_id: str) -> dict[str, Any]:
        """The record of a run."""
        return self._transport.object("GET", f"/models/{model}/runs/{run_id}")

    def runs(self, model: str) -> list[dict[str, Any]]:
        """The records of a model's runs, newest first."""
        return list(self._transport.object("GET", f"/models/{model}/runs")["runs"])

    def spec(self, model: str) -> dict[str, Any]:
        """The spec of a model."""
        return self._transport.object("GET", f"/models/{model}")

    def models(self) -> list[str]:
        """Names of the models the server has."""
        return list(self._transport.object("GET", "/models")["models"])

    def versions(self, model: str) -> list[str]:
        """The versions of a model, newest first."""
        return list(self._transport.object("GET", f"/models/{model}/versions")["versions"])

    def file(self, model: str, version: str, name: str) -> bytes:
        """One file of a version, as it was published."""
        return self._transport.send("GET", f"/models/{model}/versions/{version}/files/{name}").content

    def events(self, model: str) -> list[dict[str, Any]]:
        """What happened to a model, oldest first."""
        return list(self._transport.object("GET", f"/models/{model}/events")["events"])

    def reproduce(self, model: str, version: str, *, idempotency_key: str) -> dict[str, Any]:
        """Ask for a version to be fitted once more and compared; its run."""
        headers = {"idempotency-key": idempotency_key}
        return self._transport.object("POST", f"/models/{model}/versions/{version}/reproduce", headers=headers)

    def promote(self, model: str, version: str | None, reason: str | None) -> dict[str, Any]:
        """Make the challenger, or a version, champion; the pointer and the event that moved it."""
        body = {name: value for name, value in (("version", version), ("reason", reason)) if value is not None}
        return self._transport.object("POST", f"/models/{model}/promote", json=body)

    def rollback(self, model: str, reason: str | None) -> dict[str, Any]:
        """Make the previous champion champion again; the pointer and the event that moved it."""
        return self._transport.object("POST", f"/models/{model}/rollback", json={"reason": reason} if reason else {})

    def quarantine(self, model: str) -> list[dict[str, Any]]:
        """Truth that was ever held back, oldest first."""
        return list(self._transport.object("GET", f"/models/{model}/quarantine")["quarantine"])

    def quarantined(self, model: str, entry: str) -> dict[str, Any]:
        """What one entry of the quarantine holds: `truths`, `values`, the `first` of them."""
        return self._transport.object("GET", f"/models/{model}/quarantine/{entry}")

    def settle_quarantine(self, model: str, entry: str, order: str, reason: str | None) -> dict[str, Any]:
        """`release` or `drop` what is held back; the entry and the event that says so."""
        body = {"do": order} | ({"reason": reason} if reason else {})
        return self._transport.object("POST", f"/models/{model}/quarantine/{entry}", json=body)

    def ask_monitor(self, model: str) -> dict[str, Any]:
        """Ask for a pass of the monitor now; the pass, to look at with `asked_pass`."""
        return self._transport.object("POST", f"/models/{model}/monitor")

    def asked_pass(self, model: str, identity: str) -> dict[str, Any]:
        """What came of a pass that was asked for."""
        return self._transport.object("GET", f"/models/{model}/monitor/passes/{identity}")

    def erase(self, model: str, business_key: str) -> dict[str, Any]:
        """Ask for the erasure of all that is stored of a business key; the receipt as it is now."""
        return self._transport.object("POST", f"/models/{model}/erasures", json={"key": business_key})

    def erasure(self, model: str, receipt: str) -> dict[str, Any]:
        """A receipt of an erasure."""
        return self._transport.object("GET", f"/models/{model}/erasures/{receipt}")

    def erasures(self, model: str) -> list[dict[str, Any]]:
        """The receipts of a model, oldest first."""
        found: list[dict[str, Any]] = self._transport.object("GET", f"/models/{model}/erasures")["erasures"]
        return found

    def delete(self, model: str) -> dict[str, Any]:
        """Take a model out of service and have everything removed that is stored of it, which takes some seconds."""
        return self._transport.object("DELETE", f"/models/{model}")

    def version(self, model: str, version: str) -> dict[str, Any]:
        """The manifest, signature and metrics of a version."""
        return self._transport.object("GET", f"/models/{model}/versions/{version}")

    def champion(self, model: str) -> dict[str, Any] | None:
        """The champion pointer; None while no version has become champion."""
        return self._found(f"/models/{model}/champion")

    def pointer(self, model: str) -> dict[str, Any]:
        """The champion pointer. Raises Refused while no version has become champion."""
        return self._transport.object("GET", f"/models/{model}/champion")

    def monitor(self, model: str) -> dict[str, Any] | None:
        """What the monitor knows; None before it has looked at the model."""
        return self._found(f"/models/{model}/monitor")

    def score(self, model: str, body: bytes, content_type: str) -> Scored:
        """Score the rows of a body. Raises Refused with status 413 when there are too many for one request."""
        answer = self._transport.object(
            "POST", f"/models/{model}/score", content=body, headers={"content-type": content_type}
        )
        return Scored(
            version=str(answer["version"]),
            predictions=list(answer["predictions"]),
            probabilities=answer.get("probabilities"),
            ids=answer.get("prediction_ids"),
            logged=bool(answer.get("logged")),
        )

    def score_records(self, model: str, records: Sequence[Mapping[str, Any]]) -> Scored:
        """Score rows given as JSON objects by column."""
        body = json.dumps({"dataframe_records": list(records)}, ensure_ascii=False).encode()
        return self.score(model, body, "application/json")

    def truth(self, model: str, truths: Sequence[Mapping[str, Any]], *, source: str | None = None) -> dict[str, Any]:
        """Send ground truth, and which system it is from; `{"accepted": n, "refused": [{"index", "reason"}]}`."""
        body = {"truths": list(truths)} | ({} if source is None else {"source": source})
        return self._transport.object("POST", f"/models/{model}/truth", json=body)

    def task(self, model: str) -> str:
        """What the champion does: `classification` or `regression`. Raises Refused while there is none."""
        return str(self.version(model, self.pointer(model)["champion"])["signature"]["task"])

    def _found(self, path: str) -> dict[str, Any] | None:
        try:
            return self._transport.object("GET", path)
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
