"""An OpenAPI document as a judge of answers and examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from jsonschema import Draft202012Validator

Schema = dict[str, Any]


class Judge:
    """Says whether something is as a document says."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {
            operation["operationId"]: operation
            for item in document["paths"].values()
            for method, operation in item.items()
            if method != "parameters"
        }

    def schema(self, name: str) -> Draft202012Validator:
        """A validator of a component schema."""
        return self.validator({"$ref": f"#/components/schemas/{name}"})

    def validator(self, schema: Schema) -> Draft202012Validator:
        """A validator of a schema that may refer to components; formats are checked."""
        whole = {**schema, "components": self.document["components"]}
        return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def check_answer(self, function: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Fail unless an answer is documented: its status, content type, headers and JSON."""
        documented = self.operations[function]["responses"]
        assert str(status) in documented, f"{function} answers {status}, documented are {sorted(documented)}"
        response = documented[str(status)]
        given = {name.lower(): value for name, value in headers.items()}
        for name, reference in response.get("headers", {}).items():
            header = self.document["components"]["headers"][reference["$ref"].rpartition("/")[2]]
            assert name in given or not header.get("required"), f"{function} {status} without the header {name}"
            if name in given:
                self.validator(header["schema"]).validate(given[name])
        media = given["content-type"].partition(";")[0]
        assert media in response["content"], f"{function} {status} answers {media}"
        if media.endswith("json") and "schema" in response["content"][media]:
            self.validator(response["content"][media]["schema"]).validate(orjson.loads(body))


def examples(part: Any) -> Iterator[tuple[Schema, Any]]:
    """Every schema with an example, beside that example."""
    if isinstance(part, dict):
        if isinstance(part.get("examples"), list):
            yield from ((part, example) for example in part["examples"])
        if "schema" in part and "example" in part:
            yield part["schema"], part["example"]
        for value in part.values():
            yield from examples(value)
    elif isinstance(part, list):
        for value in part:
            yield from examples(value)
