"""Python in a process of its own, so that what is measured shares nothing with the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.serving.servers import REPOSITORY


def run_python(arguments: Sequence[str], environ: Mapping[str, str], python: Path = Path(sys.executable)) -> str:
    """What an interpreter prints. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run(
        [str(python), *arguments],
        cwd=REPOSITORY,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr[-4000:]}")
    return done.stdout
