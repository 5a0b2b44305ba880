from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from automl.errors import InvalidInput
from automl.parsing import Parser
from automl.signature import Feature
from functions.api_document import components, signature_schemas
from functions.api_document.document import document
from functions.api_document.registered import Route, routes
from functions.rooms import rooms
from tests.functions.conftest import Client
from tests.support.models import CLASSIFIER, KEY, REGRESSOR, ROW, publish
from tests.support.openapi import Judge, examples


async def whole(call: Client) -> dict[str, Any]:
    return dict((await call("openapi")).json)


async def of_model(call: Client) -> dict[str, Any]:
    return dict((await call("model_openapi")).json)


DOCUMENTS = pytest.mark.parametrize("fetch", [whole, of_model], ids=["whole", "model"])


@DOCUMENTS
async def test_document_is_openapi_3_1(adult: Client, fetch: Callable[..., Any]) -> None:
    OpenAPIV31SpecValidator(await fetch(adult)).validate()


async def test_document_has_every_route_of_the_role_and_no_other(call: Client) -> None:
    described = {
        (method.upper(), path)
        for path, item in (await whole(call))["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == {(route.method, route.path) for route in routes("all")}


def test_route_that_nobody_described_is_named() -> None:
    bare = Route(function="bare", method="GET", template="bare", level="function", about="", description=None)
    with pytest.raises(LookupError, match="Function bare is not described"):
        document([bare], {})


def test_document_of_the_training_role_would_tell_of_health_alone() -> None:
    assert {route.path for route in routes("train")} == {"/health/live", "/health/ready"}


@DOCUMENTS
async def test_every_example_is_as_its_schema_says(adult: Client, fetch: Callable[..., Any]) -> None:
    judge = Judge(await fetch(adult))
    shown = list(examples(judge.document))
    assert len(shown) > 5
    for schema, example in shown:
        judge.validator(schema).validate(example)


async def test_every_schema_is_referred_to(call: Client) -> None:
    text = str(await whole(call))
    assert [name for name in components.schemas() if f"#/components/schemas/{name}'" not in text] == []


async def test_operations_are_named_after_functions_and_told_by_their_documentation(call: Client) -> None:
    operations = Judge(await whole(call)).operations
    assert operations["score"]["summary"] == "Predictions for the rows of the body."
    assert all(operation["summary"].endswith(".") for operation in operations.values())
    assert operations.keys() == {route.function for route in routes("all")}


async def test_keys_are_asked_for_where_the_app_asks_for_them(call: Client) -> None:
    judge = Judge(await whole(call))
    is_open = {name for name, operation in judge.operations.items() if not operation["security"]}
    assert is_open == {route.function for route in routes("all") if route.is_open}
    assert all(
        ("401" in operation["responses"]) is (name not in is_open) for name, operation in judge.operations.items()
    )


async def test_statuses_follow_from_what_a_route_takes(call: Client) -> None:
    operations = Judge(await whole(call)).operations
    assert set(operations["health_live"]["responses"]) == {"200", "500"}
    assert set(operations["list_models"]["responses"]) == {"200", "401", "500", "503"}
    assert set(operations["promote"]["responses"]) == {
        "200", "400", "401", "404", "409", "413", "415", "500", "503",
    }  # fmt: skip
    assert set(operations["promote"]["responses"]["503"]["headers"]) == {"x-request-id", "traceparent", "retry-after"}
    assert set(operations["train"]["responses"]["202"]["headers"]) == {"x-request-id", "traceparent", "location"}


async def test_spec_is_described_with_its_bounds_and_meanings(call: Client) -> None:
    spec = components.schemas()["SpecRequest"]
    budget = spec["properties"]["search"]["properties"]["time_budget"]
    assert budget == {
        "description": "Seconds the search may take.",
        "type": "number",
        "minimum": 1,
        "maximum": 86_400,
        "default": 60.0,
    }
    assert spec["required"] == ["target"]
    assert spec["additionalProperties"] is False


async def test_document_of_a_model_speaks_its_columns_and_classes(adult: Client) -> None:
    made = await of_model(adult)
    assert made["info"] | {"description": ""} == {
        "title": "Model adult",
        "version": "v1",
        "description": "",
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    assert set(made["paths"]) == {
        "/models/adult/score",
        "/models/adult/truth",
        "/v2/models/adult",
        "/v2/models/adult/ready",
        "/v2/models/adult/infer",
        "/invocations",
    }
    schemas = made["components"]["schemas"]
    row = schemas["Row"]
    assert row["required"] == ["age", "job", "since", "member"]
    assert row["additionalProperties"] is False
    assert row["properties"]["age"]["description"].endswith(
        "Training saw 17 to 90. Training saw some missing values; null is accepted."
    )
    assert row["properties"]["job"]["examples"] == ["clerk", "baker", "7"]
    assert row["properties"]["fnlwgt"]["description"] == "Accepted and not read: dropped by the spec."
    assert row["properties"][KEY]["description"] == "The business key: truth may be sent by it."
    assert schemas["Prediction"]["enum"] == schemas["TruthValue"]["enum"] == ["<=50K", ">50K"]
    assert schemas["Probabilities"]["required"] == ["<=50K", ">50K"]


async def test_document_follows_the_champion(adult: Client) -> None:
    assert (await of_model(adult))["info"]["version"] == "v1"
    publish(adult.core.registry, "v2", signature=REGRESSOR)
    await adult("promote", {})
    adult.serving.champions.look("adult")
    made = await of_model(adult)
    assert made["info"]["version"] == "v2"
    assert made["components"]["schemas"]["Prediction"] == {"type": "number", "description": "The predicted pay."}


async def test_model_without_a_version_has_no_document(call: Client) -> None:
    await call("put_model", {"target": "income"})
    assert (await call("model_openapi")).status == 404


async def test_every_form_of_the_example_scores(adult: Client) -> None:
    schemas = (await of_model(adult))["components"]["schemas"]
    (row,), (cells,) = schemas["Row"]["examples"], schemas["RowAsList"]["examples"]
    forms = {
        "dataframe_records": [row],
        "dataframe_split": schemas["Table"]["examples"][0],
        "instances": [cells],
        "inputs": schemas["Columns"]["examples"][0],
    }
    answers = [await adult("score", {name: value}) for name, value in forms.items()] + [await adult("score", row)]
    answers.append(
        await adult("score", schemas["CsvRows"]["examples"][0].encode(), headers={"content-type": "text/csv"})
    )
    assert [answer.status for answer in answers] == [200] * 6
    assert len({str(answer.json["predictions"]) for answer in answers}) == 1


async def test_tensors_of_the_example_score_as_its_row_does(adult: Client) -> None:
    made = await of_model(adult)
    schemas = made["components"]["schemas"]
    (tensors,), (row,) = schemas["InferenceRequest"]["examples"], schemas["Row"]["examples"]
    answer = await adult("v2_infer", tensors)
    predicted = next(output["data"] for output in answer.json["outputs"] if output["name"] == "predict")
    assert predicted == (await adult("score", row)).json["predictions"]
    assert "age (FP64), job (BYTES), since (BYTES), member (BYTES)" in schemas["InferenceRequest"]["description"]
    assert "num ([N, 2]: age, since); cat ([N, 2]: job, member)" in schemas["InferenceRequest"]["description"]
    assert schemas["OutputTensor"]["properties"]["name"] == {"enum": ["predict", "probabilities"]}


async def test_mlflows_route_is_in_the_document_of_the_default_model_alone(adult: Client) -> None:
    made = await of_model(adult)
    lenient = made["components"]["schemas"]["LenientRow"]
    assert Judge(made).validator(lenient).is_valid({**ROW, "unknown": 1})
    assert not Judge(made).schema("Row").is_valid({**ROW, "unknown": 1})
    columns = {name: [value] for name, value in ROW.items()}
    for rows in (columns, columns | {"unknown": [1]}, columns | {"unknown": 1}, ROW | {"unknown": [1]}):
        wanted = (await adult("invocations", {"inputs": rows})).status == 200
        assert Judge(made).schema("InvocationsRequest").is_valid({"inputs": rows}) is wanted
        wanted = (await adult("score", {"inputs": rows})).status == 200
        assert Judge(made).schema("ScoreRequest").is_valid({"inputs": rows}) is wanted
    await adult("put_model", {"target": "pay"}, model="other")
    adult.clock.advance(hours=1.5)
    assert "/invocations" not in (await of_model(adult))["paths"]


async def test_truth_of_the_example_is_accepted(adult: Client) -> None:
    made = await of_model(adult)
    scores = (await adult("score", ROW)).json
    truth = {"id": scores["prediction_ids"][0], "truth": made["components"]["schemas"]["TruthValue"]["enum"][0]}
    Judge(made).schema("TruthRequest").validate({"truths": [truth]})
    assert (await adult("truth", {"truths": [truth]})).json["accepted"] == 1


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            0,
            1,
            0.0,
            1.0,
            "",
            " ",
            "0",
            "1",
            "yes",
            "No",
            " TRUE ",
            "null",
            "N/A",
            "7",
            7,
            "7.0",
            "baker",
            "1e5",
            "\x00",
            "a\n",
        ]
    ),
    st.text(max_size=4),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=1),
)
NAMES = st.sampled_from([*ROW, "fnlwgt", KEY, "income", "unknown"])

POLICIES: dict[str, dict[str, Any]] = {
    "default": {},
    "unknown columns": {"unknown_columns": "ignore"},
    "known categories": {"unknown_categories": "refuse"},
}
PARSERS = {name: Parser(replace(CLASSIFIER, **policy), strict=True) for name, policy in POLICIES.items()}
ROWS = {
    name: Judge(
        document([], components.schemas() | signature_schemas.schemas(parser.signature, key=KEY, text_chars=100))
    ).schema("Row")
    for name, parser in PARSERS.items()
}


@pytest.mark.parametrize("policy", POLICIES)
@settings(deadline=None)
@given(row=st.dictionaries(NAMES, CELLS, max_size=6).map(lambda changes: {**ROW, **changes}), lost=st.none() | NAMES)
def test_row_is_as_the_schema_says_exactly_when_it_is_read(
    policy: str, row: dict[str, Any], lost: str | None
) -> None:
    row = {name: value for name, value in row.items() if name not in (lost, KEY)}
    try:
        PARSERS[policy].records([row])
    except InvalidInput:
        assert not ROWS[policy].is_valid(row)
    else:
        assert ROWS[policy].is_valid(row)


@pytest.mark.parametrize("unknown_categories", ["accept", "refuse"])
@pytest.mark.parametrize(
    "feature",
    [
        Feature(name="x", type="datetime", low=1e17, high=1e18),
        Feature(name="x", type="datetime", low=-1e10, high=-1e9),
        Feature(name="x", type="datetime", format="%d.%m.%Y"),
        Feature(name="x", type="number", low=-1.7e308, high=1.7e308),
        Feature(name="x", type="category"),
        Feature(name="x", type="category", categories=("true", "2.5", "-3", "a.b")),
        Feature(name="x", type="boolean"),
    ],
    ids=lambda feature: f"{feature.type} {feature.low} {feature.format} {feature.categories}",
)
def test_example_is_read_whatever_training_saw(feature: Feature, unknown_categories: Any) -> None:
    signature = replace(CLASSIFIER, features=(feature,), unknown_categories=unknown_categories)
    made = components.schemas() | signature_schemas.schemas(signature, key=None, text_chars=100)
    (row,) = made["Row"]["examples"]
    Judge(document([], made)).schema("Row").validate(row)
    assert len(Parser(signature, strict=True).records([row])) == 1


async def test_longest_text_is_told_and_kept(adult: Client) -> None:
    most = (await of_model(adult))["components"]["schemas"]["Row"]["properties"]["job"]["maxLength"]
    statuses = [(await adult("score", {**ROW, "job": "a" * length})).status for length in (most, most + 1)]
    assert (most, statuses) == (adult.core.settings.max_text_chars, [200, 400])


def test_acting_routes_are_functions_of_their_own_and_ask_for_a_key() -> None:
    acting = [route for route in routes("all") if route.method != "GET" and not route.is_open]
    assert len({route.function for route in acting}) == len(acting)
    assert {route.level for route in acting} == {func.AuthLevel.FUNCTION.value}
    reading = {route.function for route in routes("all") if route.method == "GET"}
    assert not reading & {route.function for route in acting}


def test_exactly_the_routes_of_health_are_open() -> None:
    assert {route.path for route in routes("all") if route.is_open} == {
        "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health",
    }  # fmt: skip


def test_every_function_of_every_room_is_described() -> None:
    assert [route.function for route in routes("all") if route.description is None] == []
    assert len(list(rooms("all"))) > 8
