"""An inference request as it came over the wire, before anybody has asked which model it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.errors import MAX_PROBLEMS, InvalidInput, Problem
from automl.forms import shown
from automl.scoring.body import load_object
from automl.scoring.inference_protocol import fields
from automl.scoring.inference_protocol.tensors import HEADER, Tensor, cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requested output; `binary` is None where the request leaves it to `binary_data_output`."""

    name: str
    binary: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked.

    Parameters
    ----------
    outputs
        Those asked for; empty for all there are.
    binary
        Whether an output that says nothing else is wanted in binary.
    """

    id: str | None
    tensors: tuple[Tensor, ...]
    outputs: tuple[Wanted, ...]
    binary: bool


def parse(body: bytes, header_length: str | None) -> Request:
    """The request in a body.

    Parameters
    ----------
    header_length
        Value of the HTTP header `HEADER`; None where it is absent, and all of the body is JSON.

    Raises
    ------
    InvalidInput
        Naming what is not as the protocol has it.
    """
    end = len(body) if header_length is None else _length(header_length, len(body))
    given = load_object(body[:end])
    identity = given.get("id")
    if not isinstance(identity, str | None):
        raise fields.bad("id", "text", shown(identity), "Send it as text, or leave it out.")
    parameters = fields.parameters(given, "parameters")
    if parameters.get("sequence_id"):
        remedy = "Leave it out: each request is answered by itself."
        raise fields.bad("parameters.sequence_id", "none", shown(parameters["sequence_id"]), remedy)
    inputs = fields.objects(given, "inputs")
    outputs = [] if given.get("outputs") is None else fields.objects(given, "outputs")
    return Request(
        id=identity,
        tensors=cut(inputs, memoryview(body)[end:], has_header=header_length is not None),
        outputs=_wanted(outputs),
        binary=fields.flag(parameters, "binary_data_output", "parameters") or False,
    )


def _length(text: str, size: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= size):
        expected = f"a whole number, at most the {size} bytes of the body"
        raise fields.bad(HEADER, expected, shown(text), "Send the length of the JSON text.")
    return int(text)


def _wanted(outputs: Sequence[Mapping[str, Any]]) -> tuple[Wanted, ...]:
    problems: list[Problem] = []
    wanted: dict[str, Wanted] = {}
    for index, given in enumerate(outputs):
        field = f"outputs[{index}]"
        try:
            name = fields.name(given, field, taken=wanted)
            parameters = fields.parameters(given, f"{field}.parameters")
            if parameters.get("classification"):
                remedy = "Leave it out, and sort the output 'probabilities'."
                got = f"{shown(parameters['classification'])}: that extension is not supported"
                raise fields.bad(f"{field}.parameters.classification", "none", got, remedy)
            wanted[name] = Wanted(name=name, binary=fields.flag(parameters, "binary_data", f"{field}.parameters"))
        except InvalidInput as error:
            problems += error.problems
            if len(problems) > MAX_PROBLEMS:
                break  # no more are listed
    if problems:
        raise InvalidInput.of(problems)
    return tuple(wanted.values())
