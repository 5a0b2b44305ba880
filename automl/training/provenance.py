"""What a version was made with: the interpreter, the libraries and the commit."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "flaml",
    "lightgbm",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "skl2onnx",
    "xgboost-cpu",
)


def libraries() -> dict[str, str]:
    """Versions of the installed libraries that shape a model."""
    return {name: found for name in LIBRARIES if (found := _version(name)) is not None}


def python() -> str:
    """Version of the interpreter."""
    return platform.python_version()


def commit(root: Path | None = None) -> str | None:
    """The commit of the code, when it runs from a git checkout; a deployed package has none."""
    root = root or Path(__file__).resolve().parents[2]
    try:
        head = (root / ".git" / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        return (root / ".git" / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
