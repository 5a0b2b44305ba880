"""The machine that was measured on, as far as the numbers depend on it."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil

_LIBRARIES = (
    "azure-functions",
    "azure-storage-blob",
    "lightgbm",
    "numpy",
    "onnxruntime",
    "orjson",
    "pandas",
    "scikit-learn",
    "uvicorn",
)


def machine(others: dict[str, str]) -> dict[str, Any]:
    """Cores, Python, libraries and the date; and how busy the machine was with other work.

    Parameters
    ----------
    others
        Versions of the libraries that only the benchmark's own environment has.
    """
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "libraries": {name: version(name) for name in _LIBRARIES} | others,
    }


def _processor() -> str:
    if os.path.exists("/proc/cpuinfo"):  # noqa: PTH110
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
