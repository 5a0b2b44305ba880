"""One inference, from the bytes of its request to those of its response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from automl.scoring.inference_protocol.columns import to_rows
from automl.scoring.inference_protocol.datatypes import to_bytes
from automl.scoring.inference_protocol.outputs import Output, chosen
from automl.scoring.inference_protocol.request import Request, parse
from automl.scoring.reading import Reading, Rows, fitting
from automl.scoring.service import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response.

    Parameters
    ----------
    header_length
        Bytes of the JSON text before the tensors in binary; None where all is JSON.
    """

    body: bytes
    header_length: int | None


class Inference:
    """One inference: `read` and `write` are the protocol as `Scoring.answer` takes it, `read` first.

    Parameters
    ----------
    header_length
        Value of the HTTP header `tensors.HEADER`, if the request has it.
    """

    def __init__(self, body: bytes, header_length: str | None) -> None:
        self._body = body
        self._header_length = header_length
        self._request: Request
        self._outputs: list[tuple[Output, bool]]

    def read(self, reading: Reading) -> Rows:
        """The rows to be scored. Raises InvalidInput, TooLarge."""
        self._request = parse(self._body, self._header_length)
        self._outputs = chosen(reading.signature, self._request)  # refused before anything is scored
        return fitting(reading, self._body, to_rows(reading, self._request.tensors))

    def write(self, answer: Answer) -> Response:
        """The response, in JSON as far as nobody asked for binary."""
        body: dict[str, Any] = {"model_name": answer.session.model, "model_version": answer.session.version}
        if self._request.id is not None:
            body["id"] = self._request.id
        body["parameters"] = {"prediction_ids": answer.ids, "logged": answer.logged}
        body["outputs"] = tensors = []
        parts: list[bytes] = []
        for output, binary in self._outputs:
            elements = output.elements(answer.scores)
            shape = output.shape(len(answer.ids))
            tensor: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": shape}
            if binary:
                parts.append(to_bytes(output.datatype, elements))
                tensors.append(tensor | {"parameters": {"binary_data_size": len(parts[-1])}})
            else:
                tensors.append(tensor | {"data": elements})
        text = orjson.dumps(body)
        return Response(body=b"".join((text, *parts)), header_length=len(text) if parts else None)
