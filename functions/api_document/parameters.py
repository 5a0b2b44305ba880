"""The parameters of all routes, by name: those of paths, the query and headers."""

from __future__ import annotations

from typing import Any

from automl.scoring.inference_protocol.tensors import HEADER
from automl.spec_rules import MODEL_NAME
from automl.uploads import MAX_BLOCKS, NAME
from functions.requests import MODEL_VERSION, SESSION_ID

Schema = dict[str, Any]

EVERYWHERE = ("x-request-id", "traceparent")
"""Header parameters of every route."""

TRACEPARENT_EXAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def parameters() -> dict[str, Schema]:
    """Every parameter as OpenAPI has it, by the name it has in a route or in a description."""
    anchored = {"pattern": f"^{MODEL_NAME.pattern}$", "type": "string"}
    upload = {"pattern": f"^{NAME.pattern}$", "type": "string"}
    name = {"type": "string", "minLength": 1}
    number = {"type": "integer", "minimum": 0, "maximum": MAX_BLOCKS - 1}
    return {
        "model": _in_path("model", "Name of the model.", anchored, "adult"),
        "version": _in_path("version", "A version of the model.", name, "20261120T160000Z-1a2b3c4d"),
        "run": _in_path("run", "Id of a run.", name, "20261120T160000Z-9f8e7d6c"),
        "upload": _in_path("upload", "Name of the upload, chosen by who sends it.", upload, "first"),
        "number": _in_path("number", "Position of the block in the table, from 0.", number, 0),
        "entry": _in_path("entry", "Id of what is held back.", name, "20261120T16"),
        "erasure": _in_path("erasure", "Id of an erasure.", name, "20261120T160000Z-7c0358b1"),
        "asked": _in_path("asked", "Id of a pass that was asked for.", name, "20261120T160000Z-2b7f90ce"),
        "file": _in_path("file", "Name of a file of the version.", name, "manifest.json"),
        "at": _optional(
            "query",
            "at",
            "A moment (ISO 8601): the version that was champion then. Without an offset it is taken as UTC.",
            {"type": "string", "format": "date-time"},
            "2026-11-20T16:00:00Z",
        ),
        "content-digest": _optional(
            "header",
            "content-digest",
            "SHA-256 of the block (RFC 9530); a block with another is refused.",
            {"type": "string", "pattern": "sha-256=:[A-Za-z0-9+/=]+:"},
        ),
        "idempotency-key": _optional(
            "header",
            "idempotency-key",
            "Names the request: one that is repeated with the same key is the same run.",
            {"type": "string"},
            "monday",
        ),
        MODEL_VERSION: _optional(
            "header",
            MODEL_VERSION,
            "The version that shall answer; without it the champion does.",
            name,
            "20261120T160000Z-1a2b3c4d",
        ),
        SESSION_ID: _optional(
            "header",
            SESSION_ID,
            "What the request is about, where its rows have no business key: of the versions that share the traffic, "
            "the same one answers it each time.",
            {"type": "string"},
            "s-81f2",
        ),
        "inference-header-content-length": _optional(
            "header",
            HEADER,
            "Bytes of the JSON text, where tensors in binary follow it.",
            {"type": "string", "pattern": "^[0-9]{1,19}$"},
        ),
        "x-request-id": _optional(
            "header",
            "x-request-id",
            "Id of the request, 1 to 128 visible ASCII characters; it comes back. Another is replaced by a new one.",
            {"type": "string"},
            "mine-7",
        ),
        "traceparent": _optional(
            "header",
            "traceparent",
            "W3C trace context; it comes back, and goes along with a run. One that cannot be read is left out.",
            {"type": "string"},
            TRACEPARENT_EXAMPLE,
        ),
    }


def headers() -> dict[str, Schema]:
    """The headers of answers, by name."""
    return {
        "x-request-id": {
            "description": "Id of the request: the caller's, or a new one. The log has it, too.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
        },
        "traceparent": {
            "description": "The caller's W3C trace context, where the request had one.",
            "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        },
        "location": {
            "description": "Where to see what becomes of it.",
            "required": True,
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "inference-header-content-length": {
            "description": "Bytes of the JSON text, where tensors in binary follow it.",
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
        "retry-after": {
            "description": "Seconds after which it may work.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
    }


def _in_path(name: str, about: str, schema: Schema, example: Any) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": schema,
        "example": example,
    }


def _optional(place: str, name: str, about: str, schema: Schema, example: Any = None) -> Schema:
    made = {"name": name, "in": place, "description": about, "schema": schema}
    return made if example is None else {**made, "example": example}
