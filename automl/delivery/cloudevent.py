"""An event as a receiver reads it: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks does it.

Sources: github.com/cloudevents/spec (spec.md, formats/json-format.md, extensions/sequence.md) and
github.com/standard-webhooks/standard-webhooks (spec).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

import orjson

from automl.events import Event, iso

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

SCHEMA = "urn:evergreen:event:1"
"""Names the form of `data`. The number goes up when readers of the old form would misread the new one."""


def body(event: Event, model: str, origin: str) -> bytes:
    """The body of a delivery.

    Parameters
    ----------
    origin
        Who sends, as a DNS name; with the event's id it makes the identity by which a receiver knows repeats.
    """
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": f"https://{origin}",
            "type": f"evergreen.{event.kind}",
            "subject": model,
            "time": iso(event.at),
            "sequence": f"{event.seq:08d}",
            "datacontenttype": "application/json",
            "dataschema": SCHEMA,
            "data": event.to_json(),
        }
    )


def signed(secret: str, identity: str, now: datetime, content: bytes) -> dict[str, str]:
    """The headers that let a receiver check who sent a body, and when.

    Parameters
    ----------
    secret
        The key in base64, with or without `whsec_` before it; empty: there is no signature.
    """
    at = str(int(now.timestamp()))
    headers = {"webhook-id": identity, "webhook-timestamp": at}
    if secret:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{identity}.{at}.".encode() + content, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
