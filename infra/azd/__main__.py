"""`python -m infra.azd provisioned|deployed`: the hooks of azure.yaml. azd passes its environment's values on."""

from __future__ import annotations

import os
import sys

from infra.azd import arm
from infra.azd.deployed import FIRST_MODEL, first_spec, how_to_go_on


def main(arguments: list[str], environ: dict[str, str]) -> int:
    """Run one hook; the exit code."""
    needed = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "SERVICE_SERVING_NAME", "EVERGREEN_URL")
    missing = [name for name in needed if not environ.get(name)]
    if missing:
        sys.stderr.write(f"Expected {', '.join(missing)} from azd, got nothing. Run this by `azd up`.\n")
        return 2
    url, group = environ["EVERGREEN_URL"], environ["AZURE_RESOURCE_GROUP"]
    if arguments == ["provisioned"]:
        sys.stdout.write(f"Provisioned {group}; the apps are deployed next. They will answer at {url}\n")
        return 0
    try:
        key = arm.function_key(environ["AZURE_SUBSCRIPTION_ID"], group, environ["SERVICE_SERVING_NAME"])
        if first_spec(url, key, arm.send):
            sys.stdout.write(f"Stored a first spec for the model {FIRST_MODEL}.\n")
    except arm.HookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(how_to_go_on(environ))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
