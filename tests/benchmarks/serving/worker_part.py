"""The handler's own time under Microsoft's worker library, beside the local host's: the latter is not Azure's."""

from __future__ import annotations

import json

from tests.benchmarks.serving.children import run_python
from tests.benchmarks.serving.goals import Part
from tests.benchmarks.serving.servers import REPOSITORY, serving_environ
from tests.benchmarks.serving.stage import Stage

_PYTHON = REPOSITORY / ".venv-contract" / "bin" / "python"


def run(stage: Stage) -> Part:
    """One row, log off, no sockets; nothing where there is no Python that Microsoft's library runs on."""
    if not _PYTHON.exists():
        return Part(numbers={"skipped": "needs Python 3.13 and azure-functions-runtime: make contract"})
    environ = serving_environ(stage.connection) | {"EVERGREEN_LOG": "off"}
    arguments = ["-m", "tests.benchmarks.serving.worker", str(stage.folder)]
    told = run_python(arguments, environ, _PYTHON).splitlines()[-1]
    return Part(numbers={"microseconds a request": json.loads(told)})
