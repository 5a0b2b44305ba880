"""The guided part: atheris changes what reached new code, and what it makes is judged like the rest.

An input is six bytes, which choose function, model, content type, packing and the length of the JSON text before
tensors in binary, and the body before it is packed.
`.venv-fuzz/bin/python -m tests.fuzz.guided`
"""

from __future__ import annotations

import os
import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["automl", "functions"]):
    from tests.fuzz import byte_changes, documented, infer, oracle, part, transport
    from tests.fuzz.requests import request
    from tests.fuzz.sent import Sent
    from tests.fuzz.world import World, world

MODELS = (*transport.MODELS, *transport.UNREACHED[:3])
PACKINGS = (None, *transport.PACKING)
PREFIX, NO_LENGTH = 6, 0xFFFF


FUNCTIONS = tuple(documented.PATHS)


def sent_of(data: bytes) -> Sent:
    """The request of an input."""
    choices, plain = data[:PREFIX].ljust(PREFIX, b"\0"), data[PREFIX:]
    function = FUNCTIONS[choices[0] % len(FUNCTIONS)]
    encoding = PACKINGS[choices[3] % len(PACKINGS)]
    types = infer.MEDIA if function == "v2_infer" else transport.TYPES
    headers = transport.headers(types[choices[2] % len(types)], encoding)
    length = int.from_bytes(choices[4:], "little")
    if function == "v2_infer" and length < NO_LENGTH:
        headers[infer.HEADER] = str(length)
    return Sent(
        function=function,
        model="adult" if function == "invocations" else MODELS[choices[1] % len(MODELS)],
        body=transport.PACKING[encoding or "identity"](plain),
        plain=plain,
        headers=headers,
    )


def input_of(sent: Sent) -> bytes:
    """An input whose request is like the given one."""
    kind, encoding = sent.headers.get("content-type"), sent.headers.get("content-encoding")
    types = infer.MEDIA if sent.function == "v2_infer" else transport.TYPES
    places = (
        FUNCTIONS.index(sent.function),
        MODELS.index(sent.model) if sent.model in MODELS else 0,
        types.index(kind) if kind in types else 0,
        PACKINGS.index(encoding) if encoding in PACKINGS else 0,
    )
    length = sent.headers.get(infer.HEADER, "")
    number = int(length) if length.isascii() and length.isdecimal() and len(length) < 6 else NO_LENGTH
    return bytes(places) + min(number, NO_LENGTH).to_bytes(2, "little") + sent.plain


def changed(data: bytes, most: int, seed: int) -> bytes:
    """The next input: another structured one, a hurt one, or whatever libFuzzer thinks of."""
    rng = Random(seed)
    way = rng.randrange(4)
    if way == 0:
        return input_of(request(seed, 0))[:most]
    if way == 1:
        return (data[:PREFIX] + byte_changes.hurt(data[PREFIX:], rng))[:most]
    if way == 2:
        return (bytes(byte ^ rng.randrange(16) for byte in data[:PREFIX]) + data[PREFIX:])[:most]
    return bytes(atheris.Mutate(data, most))


class Target:
    """What libFuzzer calls with each input; ends the process when the part is done."""

    def __init__(self, process: World, state: part.State, count: int) -> None:
        self._process = process
        self._tally = state.tally
        self._steps = part.steps(state, count)
        self._step = next(self._steps, None)

    def __call__(self, data: bytes) -> None:
        if self._step is None:
            sys.stdout.flush()
            os._exit(0)  # libFuzzer has no other way to be told that it is enough
        sent = sent_of(data)
        try:
            with part.watched():
                oracle.check(self._process, [sent], self._tally, is_compared=self._step[0] % 8 == 0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the input that does it must be told
            os._exit(part.failed(f"guided, {data!r}", self._step, error))
        self._step = next(self._steps, None)


def main() -> None:
    """Try the bodies of this part; ends the process."""
    given = part.arguments()
    corpus = given.state.with_suffix(".corpus")
    corpus.mkdir(exist_ok=True)
    for number in range(300):
        (corpus / f"seed-{number}").write_bytes(input_of(request(given.seed, number))[:4096])
    options = [f"-seed={given.seed + 1}", "-max_len=4096", "-verbosity=0", "-print_final_stats=0"]
    with world() as process:
        target = Target(process, part.State.load(given.state), given.count)
        atheris.Setup([sys.argv[0], *options, str(corpus)], target, custom_mutator=changed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
