"""What is read out of a report of checkov. The report itself is made by `make check`."""

from __future__ import annotations

from typing import Any

from infra.check.checkov import INFRA, problems

FILES = [f"/modules/{path.name}" for path in sorted((INFRA / "modules").glob("*.bicep"))]


def report() -> dict[str, Any]:
    """A report in which one check ran for every file, and all is well."""
    passed = [{"file_path": path, "check_id": "CKV_EVG_1"} for path in FILES]
    return {
        "results": {"passed_checks": passed, "failed_checks": [], "skipped_checks": [], "parsing_errors": []},
        "summary": {},
    }


def test_report_without_failures_is_fine_when_every_file_was_checked() -> None:
    assert problems(report()) == []


def test_file_that_nothing_was_checked_in_is_a_problem() -> None:
    found = report()
    found["results"]["passed_checks"].pop(0)
    assert problems(found) == [f"{FILES[0]}: no check ran"]


def test_file_that_cannot_be_read_is_a_problem() -> None:
    found = report()
    found["results"]["parsing_errors"] = ["/modules/x.bicep"]
    assert problems(found) == ["/modules/x.bicep: checkov could not read it"]


def test_failed_check_is_a_problem() -> None:
    found = report()
    found["results"]["failed_checks"] = [
        {"file_path": FILES[0], "check_id": "CKV_AZURE_3", "resource": "r", "check_name": "n"}
    ]
    assert problems(found) == [f"{FILES[0]}: CKV_AZURE_3 failed for r: n"]


def test_skip_without_a_reason_is_a_problem() -> None:
    found = report()
    skipped = {"file_path": FILES[0], "check_id": "CKV_AZURE_3", "check_result": {"suppress_comment": " no"}}
    found["results"]["skipped_checks"] = [skipped]
    assert problems(found) == [f"{FILES[0]}: CKV_AZURE_3 is skipped without a reason"]
