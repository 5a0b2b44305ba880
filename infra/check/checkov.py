"""Runs checkov over infra/ and asks that it really checked: `python -m infra.check.checkov [PATH OF CHECKOV]`.

checkov reads Bicep with a parser of its own, and says "no failures" also about a file it could not read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from infra.check import bicep

INFRA = Path(__file__).resolve().parents[1]
ONLY_MODULES = {"/main.bicep"}
"""Files that declare no resource, so that no check applies."""
POLICY = """
from checkov.bicep.checks.resource.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult

class NoKeys(BaseResourceCheck):
    def __init__(self):
        super().__init__(name="No resource asks for a key", id="CKV_EVG_1",
                         categories=[CheckCategories.SECRETS], supported_resources=TYPES)

    def scan_resource_conf(self, conf):
        asks = any(word in str(conf) for word in ("listKeys", "listAccountSas", "AccountKey=", "sharedKey"))
        return CheckResult.FAILED if asks else CheckResult.PASSED

check = NoKeys()
"""
"""A check of ours for every type there is. Many types have none of checkov's, and a file where nothing ran could not
be told from one that it failed to read. It is checkov's to import, so it is no module of this project."""


def report(command: str) -> dict[str, Any]:
    """What checkov found, as it says it in JSON."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "__init__.py").touch()
        (Path(folder) / "no_keys.py").write_text(f"TYPES = {_types()!r}\n{POLICY}", encoding="utf-8")
        arguments = ["--framework", "bicep", "--skip-download", "--directory", str(INFRA), "--output", "json"]
        done = subprocess.run(  # noqa: S603 - the checkov named on the command line
            [command, *arguments, "--external-checks-dir", folder], capture_output=True, text=True, check=False
        )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"checkov gave no report:\n{done.stderr[-2000:]}") from None
    return found


def _types() -> list[str]:
    files = [bicep.read(path, INFRA) for path in sorted((INFRA / "modules").glob("*.bicep"))]
    return sorted({resource.type for file in files for resource in file.resources})


def problems(found: dict[str, Any]) -> list[str]:
    """Failed checks, files that could not be read, files nothing was checked in, skips without a reason."""
    results = found["results"]
    said = [
        f"{each['file_path']}: {each['check_id']} failed for {each['resource']}: {each['check_name']}"
        for each in results["failed_checks"]
    ]
    said += [f"{path}: checkov could not read it" for path in results["parsing_errors"]]
    ran = Counter(each["file_path"] for each in [*results["passed_checks"], *results["failed_checks"]])
    for path in [INFRA / "main.bicep", *sorted((INFRA / "modules").glob("*.bicep"))]:
        name = f"/{path.relative_to(INFRA).as_posix()}"
        if not ran[name] and name not in ONLY_MODULES:
            said.append(f"{name}: no check ran")
    for each in results["skipped_checks"]:
        if len(each["check_result"].get("suppress_comment", "").strip()) < 20:
            said.append(f"{each['file_path']}: {each['check_id']} is skipped without a reason")
    return said


def main() -> int:
    """Print what is wrong; the exit code."""
    found = report(sys.argv[1] if len(sys.argv) > 1 else "checkov")
    wrong = problems(found)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    summary = found["summary"]
    sys.stdout.write(f"checkov: {summary['passed']} passed, {summary['skipped']} skipped with a reason, ")
    sys.stdout.write(f"{summary['failed']} failed.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
