from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from automl.parsing import Parser
from automl.scoring.inference_protocol import metadata
from automl.scoring.inference_protocol.infer import Inference, Response
from automl.scoring.reading import Reading
from automl.scoring.service import Answer
from automl.signature import Feature, Signature
from tests.support import models
from tests.support.models import BOOLEAN, CLASSIFIER, INTEGER, REGRESSOR, ROW
from tests.unit.scoring.inference_protocol.wire import in_json, tensor, tensors_of

OLD = ROW | {"age": 61}
INPUTS = [
    tensor(name, "FP64" if name == "age" else "BYTES", [ROW[name], OLD[name]])
    for name in ("age", "job", "since")
] + [tensor("member", "BOOL", [True, True])]  # fmt: skip


def infer(signature: Signature = CLASSIFIER, **more: Any) -> Response:
    """The response for a young and an old person."""
    session = models.session(signature)
    inference = Inference(*in_json(INPUTS, **more))
    rows = inference.read(Reading(parser=Parser(signature)))
    scores = session.score(rows.tensors)
    return inference.write(Answer(session=session, scores=scores, ids=["first", "second"], logged=True))


def test_response_in_json_has_what_the_protocol_wants_and_the_ids_of_the_predictions() -> None:
    response = infer(id="42")
    assert response.header_length is None
    body = orjson.loads(response.body)
    assert list(body) == ["model_name", "model_version", "id", "parameters", "outputs"]
    assert (body["model_name"], body["model_version"], body["id"]) == ("adult", "v0", "42")
    assert body["parameters"] == {"prediction_ids": ["first", "second"], "logged": True}
    predict, probabilities = body["outputs"]
    assert predict == {"name": "predict", "datatype": "BYTES", "shape": [2], "data": ["<=50K", ">50K"]}
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP64", [2, 2])
    assert probabilities["data"][0] + probabilities["data"][1] == pytest.approx(1)
    assert "id" not in orjson.loads(infer().body)


@pytest.mark.parametrize(
    ("signature", "datatype", "labels"),
    [
        (CLASSIFIER, "BYTES", ["<=50K", ">50K"]),
        (BOOLEAN, "BOOL", [False, True]),
        (INTEGER, "INT64", [3, 7]),
        (REGRESSOR, "FP64", [pytest.approx(-0.0982, abs=1e-3), pytest.approx(2.1018, abs=1e-3)]),
    ],
)
def test_predictions_have_the_datatype_of_the_classes_in_json_and_in_binary(
    signature: Signature, datatype: str, labels: list[Any]
) -> None:
    in_text = infer(signature)
    in_bytes = infer(signature, parameters={"binary_data_output": True})
    assert in_bytes.header_length is not None
    assert orjson.loads(in_text.body)["outputs"][0]["datatype"] == datatype
    found = tensors_of(in_text.body, None)
    assert found["predict"] == labels
    assert tensors_of(in_bytes.body, in_bytes.header_length) == found
    assert list(found) == (["predict", "probabilities"] if signature.classes else ["predict"])


def test_outputs_come_as_asked_for_in_the_order_asked_for() -> None:
    asked = [
        {"name": "probabilities", "parameters": {"binary_data": True}},
        {"name": "predict", "parameters": {"binary_data": False}},
    ]
    response = infer(outputs=asked, parameters={"binary_data_output": True})
    described = orjson.loads(response.body[: response.header_length])["outputs"]
    assert [set(each) for each in described] == [
        {"name", "datatype", "shape", "parameters"},
        {"name", "datatype", "shape", "data"},
    ]
    assert described[0]["parameters"] == {"binary_data_size": 32}
    assert tensors_of(response.body, response.header_length) == {
        name: tensors_of(infer().body, None)[name] for name in ("probabilities", "predict")
    }
    only = infer(outputs=[{"name": "predict"}], parameters={"binary_data_output": True})
    assert tensors_of(only.body, only.header_length) == {"predict": ["<=50K", ">50K"]}


def test_metadata_names_the_tensors_a_request_may_have_and_a_response_has() -> None:
    sure = replace(
        CLASSIFIER, features=(*CLASSIFIER.features[:3], Feature(name="member", type="boolean", nullable=False))
    )
    found = metadata.model("adult", ["v1", "v0"], sure)
    assert (found["name"], found["versions"], found["platform"]) == ("adult", ["v1", "v0"], "onnx_onnxv1")
    assert [(each["name"], each["datatype"], each["shape"]) for each in found["inputs"]] == [
        ("age", "FP64", [-1, 1]),
        ("job", "BYTES", [-1, 1]),
        ("since", "BYTES", [-1, 1]),
        ("member", "BOOL", [-1, 1]),
    ]
    assert found["outputs"] == [
        {"name": "predict", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]},
    ]
    assert found["parameters"] == {
        "num": ["age", "since"],
        "cat": ["job", "member"],
        "classes": ["<=50K", ">50K"],
    }
    assert metadata.model("adult", [], CLASSIFIER)["inputs"][3]["datatype"] == "BYTES"  # it may be missing
    assert metadata.model("adult", [], REGRESSOR)["outputs"] == [
        {"name": "predict", "datatype": "FP64", "shape": [-1]}
    ]
