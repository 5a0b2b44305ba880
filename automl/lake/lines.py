"""Log lines as rows of a table, column by column: most of them never become Python objects.

Lines that are alike, as those of one version are, are parsed by Arrow, and other threads go on meanwhile. Where a
line is torn, or has other fields or types than the first, its piece is decoded line by line: the rows are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from automl.lake import features, rows
from automl.lake.features import Layout
from automl.log import Kind
from automl.log.reader import decode, lines

_SAMPLE = 50
"""Lines that are looked at for the type of a feature that the first has no value of."""

_CHUNK = 4_096
"""Lines that are decoded at a time where they have to be: more of them at once only cost memory."""

_OPTIONAL = frozenset({"id", "key", "source"})
"""Fields that a line may lack, which for these is the same as null."""

_TYPES = {"id": "string", "key": "string", "source": "string", "model": "string", "version": "string",
          "role": "string", "at": "int64", "received": "int64", "latency_us": "int64"}  # fmt: skip
_ANSWERS: dict[type, str] = {str: "string", bool: "bool", int: "int64", float: "double"}
_FEATURES: dict[features.Kind | None, str] = {"number": "double", "text": "string", "boolean": "bool", None: "null"}


class Lines:
    """Reads pieces of one log into `pyarrow.Table`s as `rows.table` makes them.

    Parameters
    ----------
    layout
        Names the columns of features.
    """

    def __init__(self, kind: Kind, layout: Layout) -> None:
        self._kind: Kind = kind
        self._layout = layout
        self._answer = "prediction" if kind == "predictions" else "truth"

    def table(self, data: bytes, day: str) -> tuple[Any, int]:
        """The rows of a piece, in any order, and how many of its lines were torn or are no record at all.

        Parameters
        ----------
        data
            Whole lines.
        day
            `YYYY-MM-DD`: the folder of the log that they are from.
        """
        import pyarrow as pa

        alike = self._alike(data, day)
        if alike is not None:
            return alike, 0
        found, torn = list[Any](), 0
        for group in _groups(data):
            alike = self._alike(group, day)
            if alike is not None:
                found.append(alike)
                continue
            own = lines(group)
            for start in range(0, len(own), _CHUNK):
                records, broken = decode(own[start : start + _CHUNK])
                torn += broken
                if records:
                    found.append(rows.table(self._kind, records, day, self._layout))
        return pa.concat_tables(found or [rows.schema(self._kind).empty_table()], promote_options="default"), torn

    def _alike(self, data: bytes, day: str) -> Any:
        """The rows of lines with the fields and types of the first, as Arrow parses them; None for others."""
        import pyarrow as pa
        import pyarrow.json as arrow_json

        schema = self._schema(data)
        if schema is None or b"\\u" in data or b'\\":null' in data or not _is_text(data):
            return None  # escapes that Arrow and orjson may read differently, or that hide what is counted below
        try:
            parsed = arrow_json.read_json(
                pa.BufferReader(data),
                read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
            ).combine_chunks()
        except pa.ArrowInvalid:
            return None
        if len(parsed) != data.count(b"\n") or _nulls(parsed) != data.count(b'":null'):
            return None  # a field that is missing is another thing than null, and Arrow does not tell them apart
        return rows.parsed(self._kind, parsed, day, self._layout)

    def _schema(self, data: bytes) -> Any:
        """`pyarrow.Schema` of the first line; None when it has a field or value that this is not made for."""
        import pyarrow as pa

        first, _ = decode([data[: data.find(b"\n")]])
        if not first or not first[0].keys() <= rows.FIELDS[self._kind]:
            return None
        fields = []
        missing = dict.fromkeys(sorted(rows.FIELDS[self._kind] & _OPTIONAL - first[0].keys()))
        for name, value in (first[0] | missing).items():
            if name == "features":
                found = _kinds(data, value)
                if found is None:
                    return None
                type_: Any = pa.struct([(each, _FEATURES[kind]) for each, kind in found.items()])
            elif name == "probabilities":
                type_ = pa.list_(pa.float64())
            else:
                named = _ANSWERS.get(type(value)) if name == self._answer else _TYPES[name]
                type_ = named and pa.type_for_alias(named)
            if type_ is None:
                return None
            fields.append(pa.field(name, type_))
        return pa.schema(fields)


def _kinds(data: bytes, first: Any) -> dict[str, features.Kind | None] | None:
    """The kinds of the features of the first line, by the first lines that have a value of each."""
    if not isinstance(first, dict) or not first:
        return None
    found: dict[str, features.Kind | None] = dict.fromkeys(first)
    start = 0
    for _ in range(_SAMPLE):
        end = data.find(b"\n", start)
        if end < 0 or None not in found.values():
            break
        for record in decode([data[start:end]])[0]:
            given = record.get("features")
            for name, value in given.items() if isinstance(given, dict) else ():
                if name in found and value is not None and found[name] is None:
                    if type(value) not in features.KINDS:
                        return None
                    found[name] = features.KINDS[type(value)]
        start = end + 1
    return found


def _nulls(table: Any) -> int:
    """Nulls of a table and of the features in it, but for those of fields that a line may lack."""
    count = 0
    for name in table.column_names:
        column = table.column(name).chunk(0)
        if name == "features":
            count += column.null_count + sum(
                column.field(place).null_count for place in range(column.type.num_fields)
            )
        elif name == "probabilities":
            count += column.null_count + (1 << 40 if column.values.null_count else 0)  # never logged: decode them
        elif name not in _OPTIONAL:
            count += column.null_count
    return count


def _is_text(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _groups(data: bytes) -> Iterator[bytes]:
    """The lines of each version and role, which are alike more often than all are."""
    found: dict[bytes, list[bytes]] = {}
    for line in lines(data):
        start = line.find(b'"version":')
        found.setdefault(line[start : line.find(b',"at":', start)] if start >= 0 else b"", []).append(line)
    for group in found.values():
        yield b"\n".join([*group, b""])
