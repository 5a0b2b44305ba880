"""Everything that a scoring request can be refused for. What is refused for another reason, fails the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_HEADER = "Inference-Header-Content-Length"
_FORMS = "dataframe_records|dataframe_split|instances|inputs"

KINDS: dict[str, str] = {
    # the body as it travels
    "content type": r"unsupported_media_type: Expected the content type",
    "charset": r"unsupported_media_type: Expected text in UTF-8",
    "encoding": r"unsupported_media_type: Expected a body that is plain or compressed",
    "bytes": r"too_large: Expected a body of at most",
    "bytes when unpacked": r"too_large: Expected a body that unpacks to at most",
    "not packed": r"body: (gzip|x-gzip|deflate) data, got Error",
    "packed and cut off": r"body: (gzip|x-gzip|deflate) data, got an end too early",
    "packed and more": r"body: (gzip|x-gzip|deflate) data, got bytes after its end",
    # the model
    "no such model": r"not_found: There is no model",
    "no version": r"not_found: Model '.*' has no champion",
    "storage": r"unavailable: Storage cannot be reached",
    # JSON
    "empty": r"body: a JSON body, got an empty one",
    "not JSON": r"body: JSON, got something else",
    "NaN or Infinity": r"body: JSON, got (NaN|nan|Infinity|inf) at",
    "number beyond float64": r"body: a number that fits a float64",
    "depth": r"body: JSON at most 1024 levels deep",
    "byte order mark": r"body: JSON in UTF-8, got a byte order mark",
    "not UTF-8": r"body: JSON in UTF-8, got bytes",
    "half a surrogate pair": r"body: text that UTF-8 can hold",
    "key twice": r"body: each key once",
    # forms
    "no object": r"body: a JSON object",
    "two forms": r"body: one of dataframe_records",
    "empty object": r"body: rows, got an empty object",
    "form without rows": rf"({_FORMS}): (rows|a list of rows|a list of objects|an object with .*), got",
    "beside the form": r".*: nothing beside",
    "split without columns": r"dataframe_split\.columns: a list of column names",
    "split without data": r"dataframe_split\.data: a list of rows",
    "split column twice": r"dataframe_split\.columns: each column once",
    "row of another width": rf"({_FORMS})(\.data)?: \d+ values in a list",
    "inputs column without values": r"inputs\..*: a list of values",
    "inputs columns of unequal length": r"inputs: equally long columns",
    "row that is no object": r"body: an object, got",
    "no rows": r"body: at least one row",
    "rows": r"too_large: Expected at most \d+ rows",
    "columns": r"too_large: Expected at most \d+ columns",
    # CSV
    "CSV not UTF-8": r"body: CSV in UTF-8",
    "CSV": r"body: CSV, got",
    "CSV without a header": r"body: a header and rows",
    "CSV column twice": r"body: each column once",
    "CSV row of another width": r"body: \d+ cells as in the header",
    # cells
    "unknown column": r"column: a column of this model",
    "missing column": r"column: a value or null, got no such column",
    "number": r"column: a number, got",
    "number as text": r"column: a finite number",
    "datetime": r"column: a datetime",
    "boolean": r"column: true or false",
    "text": r"column: text, got",
    "NUL": r"column: text without the character U\+0000",
    "unknown category": r"column: one of the categories",
    "length": r"column: text of at most \d+ characters",
    "no finite answer": r"body: values that the model can answer with a finite number",
    # MLflow's forms
    "not one form": r"body: exactly one of dataframe_records",
    "parameter of the content type": r"unsupported_media_type: Expected no parameter of the content type",
    # the Open Inference Protocol
    "id": r"id: text, got",
    "sequence": r"parameters\.sequence_id: none",
    "parameters": r"(.*\.)?parameters: an object",
    "flag": r".*\.binary_data(_output)?: true or false",
    "shared memory": r".*\.shared_memory_region: none",
    "classification": r".*\.classification: none",
    "length of the JSON text": rf"{_HEADER}: a whole number",
    "tensors": r"(inputs|outputs): a list of objects",
    "name": r".*\.name: text",
    "tensor twice": r".*\.name: each tensor once",
    "datatype": r".*\.datatype: one of BOOL",
    "shape": r".*\.shape: \[N",
    "elements": r".*\.data: (a list|none beside binary data)",
    "size without a header": rf".*\.binary_data_size: the header {_HEADER}",
    "size": r".*\.binary_data_size: (a whole number of bytes|\d+ bytes for)",
    "bytes after the JSON text": r"body: \d+ bytes of tensors",
    "number of elements": r"inputs\..*: (\d+ elements|data of the shape|a list of \d+ elements)",
    "rows of a tensor": r"inputs: (as many rows in every tensor|at least one row)",
    "column in two tensors": r"inputs\..*: each column once",
    "element of its datatype": r"inputs\..*: (true, false or null|a whole number|a number or null|text or null|BF16)",
    "range of its datatype": r"inputs\..*: (U?INT\d+, -?\d+ to|a number that fits)",
    "element in binary": r"inputs\..*: (a byte that is 0 or 1|text in UTF-8)",
    "output": r"outputs: one of",
}
"""What is refused, by a pattern of its code and message, or of its field and what was expected of it."""

_PATTERNS = {name: re.compile(pattern, re.DOTALL) for name, pattern in KINDS.items()}


def kinds_of(answer: Mapping[str, Any]) -> Iterator[str]:
    """The kind of each problem of a refusal. Raises LookupError for one that the list does not have."""
    problems = answer.get("problems")
    if problems is None:
        yield _kind(f"{answer['error_code']}: {answer['message']}")
        return
    for problem in problems:
        where = "column" if "column" in problem else problem["field"]
        yield _kind(f"{where}: {problem['expected']}, got {problem['got']}")


def kind_of_message(message: str) -> str:
    """The kind of a refusal of which the message alone is told. Raises LookupError for one that is not listed."""
    if found := re.match(r"(?:Column|Field) '(?P<name>.*?)': expected (?P<rest>.*)", message, re.DOTALL):
        return _kind(f"{'column' if message.startswith('Column') else found['name']}: {found['rest']}")
    for code in ("too_large", "unsupported_media_type", "not_found", "unavailable"):
        try:
            return _kind(f"{code}: {message}")
        except LookupError:
            continue
    raise LookupError(f"a refusal of no listed kind: {message[:300]}")


def _kind(text: str) -> str:
    for name, pattern in _PATTERNS.items():
        if pattern.match(text):
            return name
    raise LookupError(f"a refusal of no listed kind: {text[:300]}")
