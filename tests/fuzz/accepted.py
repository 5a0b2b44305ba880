"""What an accepted body has to be answered with, by whichever protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from tests.fuzz import forms
from tests.fuzz.broken import Broken, require
from tests.fuzz.infer import HEADER
from tests.fuzz.sent import Answer, Sent
from tests.fuzz.world import SIGNATURES
from tests.unit.scoring.inference_protocol.wire import tensors_of

SUM_WITHIN = 1e-9
ROUNDING = 1e-12
"""How far answers to the same rows may lie apart when others are scored in the same call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An answer, read.

    Parameters
    ----------
    probabilities
        One for each class of a row, in order; None where the answer has none.
    """

    model: str
    version: str
    ids: list[str]
    predictions: list[Any]
    probabilities: list[list[float]] | None


def read(sent: Sent, answer: Answer) -> Read:
    """What an answer says."""
    if sent.function == "v2_infer":
        return _tensors(sent, answer)
    require(answer.headers["content-type"] == "application/json", "another type than JSON", answer)
    body = orjson.loads(answer.body)
    classes = list(SIGNATURES[sent.model].classes)
    shares = body.get("probabilities")
    if shares is not None:
        require(all(list(row) == classes for row in shares), "not one probability a class", answer)
        shares = [list(row.values()) for row in shares]
    return Read(
        model=body["model"],
        version=body["version"],
        ids=body["prediction_ids"],
        predictions=body["predictions"],
        probabilities=shares,
    )


def form_of(sent: Sent, answer: Answer, knows: Callable[[str, str], object]) -> str:
    """The form of an accepted body, once its answer is in order. Raises Broken."""
    found = read(sent, answer)
    predictions, signature = found.predictions, SIGNATURES[sent.model]
    require(found.model == sent.model and found.version == "v1", "another model or version", answer)
    require(len(found.ids) == len(set(found.ids)) == len(predictions) > 0, "not one id a row", answer)
    for identity in found.ids:
        knows(sent.model, identity)
    if signature.classes:
        require(set(predictions) <= set(signature.classes), "no class of the model", answer)
    else:
        require(found.probabilities is None, "probabilities of a regression", answer)
        require(all(isinstance(one, float) and math.isfinite(one) for one in predictions), "not finite", answer)
    if found.probabilities is not None:
        for shares, label in zip(found.probabilities, predictions, strict=True):
            require(all(0 <= share <= 1 for share in shares), "no probabilities", answer)
            require(abs(sum(shares) - 1) <= SUM_WITHIN, "probabilities that do not sum to 1", answer)
            most = signature.classes[shares.index(max(shares))]
            require(label == most, "not the most probable class", answer)
    return _form(sent, answer, len(predictions))


def is_same(one: Read, other: Read) -> bool:
    """Whether two answers agree to the last bit, as far as both say it."""
    shares = one.probabilities is None or one.probabilities == other.probabilities
    return one.predictions == other.predictions and shares


def is_close(one: Read, other: Read) -> bool:
    """Whether two answers to one request agree but for rounding: kernels add in another order with more rows."""

    def numbers(read: Read) -> list[float]:
        return [share for row in read.probabilities or [read.predictions] for share in row]

    if one.probabilities is None and not isinstance(one.predictions[0], float):
        return one.predictions == other.predictions
    return len(one.predictions) == len(other.predictions) and all(
        math.isclose(first, second, rel_tol=ROUNDING, abs_tol=ROUNDING)
        for first, second in zip(numbers(one), numbers(other), strict=True)
    )


def strictly(body: bytes) -> Any:
    """A JSON value as the standard library reads it, without what RFC 8259 leaves open. Raises Broken."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
    except RecursionError:
        return orjson.loads(body)  # deeper than the standard library reads
    except ValueError as error:
        raise Broken(f"accepted, and no strict JSON: {error}") from error
    return value


def _form(sent: Sent, answer: Answer, rows: int) -> str:
    if sent.function == "v2_infer":
        return "tensors in binary" if HEADER in sent.headers else "tensors in JSON"
    if sent.media == "text/csv":
        return "csv"
    if sent.function == "invocations":
        return "MLflow"  # which takes null for NaN, and leaves alone what it does not know
    value = strictly(sent.plain)
    require(len(forms.records_of(value)) == rows, "not one answer a row", answer)
    return forms.form_of(value)


def _tensors(sent: Sent, answer: Answer) -> Read:
    """An answer of the Open Inference Protocol; all of it is JSON unless a header says where that ends."""
    length = next((value for name, value in answer.headers.items() if name.lower() == HEADER.lower()), None)
    media = "application/json" if length is None else "application/octet-stream"
    require(answer.headers["content-type"] == media, f"another type than {media}", answer)
    end = None if length is None else int(length)
    body, outputs = orjson.loads(answer.body[:end]), tensors_of(answer.body, end)
    flat, width = outputs.get("probabilities"), len(SIGNATURES[sent.model].classes)
    ids = body["parameters"]["prediction_ids"]
    shares = None if flat is None else [flat[start : start + width] for start in range(0, len(flat), width)]
    labels = outputs.get("predict")
    if labels is None:  # only the probabilities were asked for
        classes = SIGNATURES[sent.model].classes
        labels = [classes[row.index(max(row))] for row in shares or ()]
    return Read(
        model=body["model_name"],
        version=body["model_version"],
        ids=ids,
        predictions=labels,
        probabilities=shares,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError("a number beyond float64")
    return value
