"""schemathesis against the running app: `python -m tests.clients.schemathesis_run [options of st run]`.

Without options it looks for long; the tests give it less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.host import REPOSITORY
from tests.support.served import HOST_KEY, READ, served

ST = REPOSITORY / ".venv-clients" / "bin" / "st"
WHOLE, MODEL = (Path(__file__).with_name(name) for name in ("schemathesis.toml", "schemathesis_model.toml"))
DOCUMENTS = {"/openapi.json": WHOLE} | {f"/models/{model}/openapi.json": MODEL for model in READ}
"""The documents to go by, and how schemathesis is set up for each."""
LONG = ("--max-examples", "200")


def run(folder: Path, location: str, config: Path, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """What schemathesis says of the app, going by a document; it ends with 0 when it finds nothing.

    Parameters
    ----------
    folder
        Where it keeps what it remembers between runs.
    location
        URL or path of the document.
    """
    key = f"x-functions-key: {HOST_KEY}"
    command = [str(ST), "--config-file", str(config), "run", "--header", key, "--no-color"]
    return subprocess.run(
        [*command, *options, location],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def main() -> int:
    """Look at every document and print what is found; how many have faults."""
    failed = 0
    with tempfile.TemporaryDirectory() as name, served(folder := Path(name)) as url:
        for document, config in DOCUMENTS.items():
            done = run(folder, url + document, config, sys.argv[1:] or LONG)
            print(document, done.stdout, sep="\n", flush=True)  # noqa: T201 - a command line speaks this way
            failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
