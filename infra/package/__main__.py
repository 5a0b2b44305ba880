"""`python -m infra.package`: stage the packages that azd deploys into dist/, and say how large they become."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from infra.package.measure import BuildError, build, check
from infra.package.parts import ONE_APP, PACKAGES, REPOSITORY, Package
from infra.package.stage import stage


def main(arguments: list[str] | None = None) -> int:
    """Stage, or measure, what the command line names; the exit code."""
    options = _parser().parse_args(arguments)
    wanted = _wanted(options.service, one_app=options.single_app)
    for package in wanted:
        folder = stage(package, options.out / package.name)
        sys.stdout.write(f"Staged {package.name} in {folder}\n")
        if options.measure:
            try:
                sys.stdout.write(_measured(package) + "\n")
            except BuildError as error:
                sys.stderr.write(f"{error}\n")
                return 1
    return 0


def _wanted(service: str, *, one_app: bool) -> list[Package]:
    if one_app:
        # azd deploys every service of azure.yaml; with one app both are the same package in the same place
        return [ONE_APP, PACKAGES["training"]]
    return [package for name, package in PACKAGES.items() if service in ("all", name)]


def _measured(package: Package) -> str:
    """Build in a folder that goes away: what is deployed is built by Azure."""
    with tempfile.TemporaryDirectory(prefix="evergreen-package-") as made:
        folder = stage(package, Path(made) / package.name)
        return check(package, build(folder, Path(made) / f"{package.name}.zip"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Stage what azd deploys.")
    parser.add_argument("service", nargs="?", default="all", choices=["all", *PACKAGES])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dist", help="where to (default dist/)")
    parser.add_argument("--measure", action="store_true", help="install the requirements too and check the size")
    parser.add_argument(
        "--single-app",
        action="store_true",
        default=os.environ.get("EVERGREEN_SINGLE_APP", "").lower() == "true",
        help="one app does everything (default: EVERGREEN_SINGLE_APP)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
