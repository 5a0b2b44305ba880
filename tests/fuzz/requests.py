"""Requests to score, each made of a seed and a number alone."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import orjson

from tests.fuzz import byte_changes, cells, forms, infer, row_changes, transport
from tests.fuzz.json_text import write
from tests.fuzz.sent import Sent
from tests.fuzz.world import SETTINGS

LIMIT = SETTINGS.max_body_bytes
MLFLOW_FORMS = ("dataframe_records", "dataframe_split", "instances", "inputs")


def request(seed: int, number: int) -> Sent:
    """The request of a number. The same two always make the same."""
    rng = Random(f"{seed}:{number}")
    dice = rng.randrange(20)
    if dice < 4:
        return infer.request(rng)
    return _scoring(rng) if dice < 17 else _invocation(_scoring(rng), rng)


def _invocation(sent: Sent, rng: Random) -> Sent:
    """The same body for MLflow's route, which has a form less and lets more pass."""
    sent = replace(sent, function="invocations", model="adult")
    if rng.randrange(20) == 0:
        headers = {**sent.headers, "content-type": "application/json; format=pandas-split"}
        return replace(sent, headers=headers, status=None)
    if sent.body == sent.plain and rng.randrange(4) == 0:
        odd = rng.choice((b"NaN", b'NaN, "\\ud800": 7', b'"\\ud800"', b"1e999, NaN", b"NaN" + b"[" * 2_000))
        body = sent.plain.replace(b"null", odd, 1).replace(b'"job"', rng.choice((b'"job"', b'"\\udc00"')), 1)
        return replace(sent, body=body, plain=body, status=415 if sent.status == 415 else None)
    value = orjson.loads(sent.plain) if sent.status == 200 and sent.media != "text/csv" else None
    is_right = sent.status == 200 and (value is None or any(form in value for form in MLFLOW_FORMS))
    status = 200 if is_right else 415 if sent.status == 415 else None
    return replace(sent, status=status)


def _scoring(rng: Random) -> Sent:
    dice = rng.random()
    if dice < 0.42:
        return _packed(rng, *_right(rng), status=200)
    if dice < 0.70:
        value, status = rng.choice(row_changes.CHANGES)(rng)
        model = rng.choice(transport.MODELS)
        certain = status if status != 200 or model != "strict" else None
        return _packed(rng, model, rng.choice(transport.JSON_TYPES), _encoded(write(value, rng)), status=certain)
    if dice < 0.74:
        plain = row_changes.table(rng).encode()
        return _packed(rng, rng.choice(transport.MODELS), rng.choice(transport.CSV_TYPES), plain, status=None)
    if dice < 0.88:
        model, kind, body = _right(rng)
        return _packed(rng, model, kind, byte_changes.hurt(body, rng), status=None)
    if dice < 0.97:
        return _badly_sent(rng)
    return _packed(rng, rng.choice(transport.UNREACHED), *_right(rng)[1:], status=None)


def _right(rng: Random) -> tuple[str, str | None, bytes]:
    """Model, content type and body of a request that is in order."""
    model = rng.choice(transport.MODELS)
    form = rng.choice(forms.FORMS)
    count = 1 if form == "one object" else rng.choice((1, 1, 2, 3, 5, 20))
    is_plain = form == "csv" or model == "strict"
    records = [cells.plain(rng) if is_plain else cells.right(rng) for _ in range(count)]
    if rng.randrange(4) == 0 and not form.endswith("of lists"):
        records = [record | {"order_id": f"order {rng.randrange(1000)}", "fnlwgt": 7} for record in records]
    if form == "csv":
        return model, rng.choice(transport.CSV_TYPES), forms.as_csv(records).encode()
    text = write(forms.body(form, records), rng)
    return model, rng.choice(transport.JSON_TYPES), text.encode()


def _packed(rng: Random, model: str, kind: str | None, plain: bytes, *, status: int | None) -> Sent:
    encoding = rng.choice((None, None, None, None, None, None, "identity", *transport.PACKING))
    body = transport.PACKING[encoding or "identity"](plain)
    if len(plain) > LIMIT:
        status = 413
    return Sent(model=model, body=body, plain=plain, headers=transport.headers(kind, encoding), status=status)


def _badly_sent(rng: Random) -> Sent:
    model, kind, plain = _right(rng)
    encoding = rng.choice(("gzip", "x-gzip", "deflate"))
    way = rng.randrange(6)
    if way == 0:
        kind = rng.choice(transport.OTHER_TYPES)
        return Sent(model=model, body=plain, plain=plain, headers=transport.headers(kind), status=415)
    if way == 1:
        headers = transport.headers(kind, rng.choice(transport.OTHER_ENCODINGS))
        return Sent(model=model, body=plain, plain=plain, headers=headers, status=415)
    if way == 2:
        plain = transport.bomb(rng, LIMIT)
        body = transport.PACKING[encoding](plain)
        return Sent(model=model, body=body, plain=plain, headers=transport.headers(kind, encoding), status=413)
    if way == 3:
        body = transport.broken(transport.PACKING[encoding](plain), rng)
        return Sent(model=model, body=body, plain=plain, headers=transport.headers(kind, encoding), status=None)
    if way == 4:
        return Sent(model=model, body=plain, plain=plain, headers=transport.headers(kind, encoding), status=400)
    plain += b" " * (LIMIT + rng.choice((0, 1, 1000)) - len(plain))
    status = 200 if len(plain) <= LIMIT and transport.CSV_TYPES.count(str(kind)) == 0 else None
    return Sent(model=model, body=plain, plain=plain, headers=transport.headers(kind), status=status)


def _encoded(text: str) -> bytes:
    """UTF-8, of lone surrogates, too, which no reader may take for text."""
    return text.encode(errors="surrogatepass")
