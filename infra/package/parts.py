"""Which files and which requirements make each package, and how large it may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = ("function_app.py", "host.json", "functions", "automl")
"""What runs in Azure, the same for both apps: EVERGREEN_ROLE decides what of it is imported."""
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The package of one service of azure.yaml.

    Parameters
    ----------
    requirements
        The locked requirements it is built with; they become its `requirements.txt`.
    limit_mib
        Largest zip with everything installed, in MiB: a cold start fetches it.
    """

    name: str
    requirements: str
    limit_mib: int


PACKAGES = {
    "serving": Package(name="serving", requirements="requirements-serve.txt", limit_mib=60),
    "training": Package(name="training", requirements="requirements.txt", limit_mib=260),
}
ONE_APP = Package(name="serving", requirements="requirements.txt", limit_mib=260)
"""With one app, what is deployed as `serving` trains as well."""
