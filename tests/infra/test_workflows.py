"""The workflows hold no secret, name what exists, and give back what a bad deployment took."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.release.__main__ import NoNotes, notes
from tests.infra.files import REPOSITORY, files

FOLDER = REPOSITORY / ".github" / "workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job.get("steps", [])]


def test_workflows_are_the_three() -> None:
    assert WORKFLOWS == ["ci.yml", "deploy.yml", "release.yml"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_has_no_secret_and_few_rights(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "secrets." not in text
    assert workflow(name)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_job_has_an_end(name: str) -> None:
    jobs = workflow(name)["jobs"]
    assert [job for job, each in jobs.items() if "uses" not in each and "timeout-minutes" not in each] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_jobs_that_are_waited_for_exist(name: str) -> None:
    jobs = workflow(name)["jobs"]
    for job in jobs.values():
        needs = job.get("needs", [])
        assert {needs} if isinstance(needs, str) else set(needs) <= set(jobs)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_has_a_version(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+(\.\d+)*", action)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_commands_run_what_exists(name: str) -> None:
    run = "\n".join(step["run"] for step in steps(name) if "run" in step)
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?m)^\s*make (\w+)", run):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in re.findall(r"-m (infra[\w.]*)", run):
        path = REPOSITORY / module.replace(".", "/")
        assert (path / "__main__.py").exists() or path.with_suffix(".py").exists(), module
    for script in re.findall(r"python3? (\.github/\S+\.py)", run):
        assert (REPOSITORY / script).exists(), script


def test_ci_checks_tests_compiles_and_measures() -> None:
    run = "\n".join(step.get("run", "") for step in steps("ci.yml"))
    wanted = ["make check", "make test", "az bicep build", "az bicep lint", "infra.package --measure"]
    assert [each for each in [*wanted, "pip-audit", "cyclonedx-py"] if each not in run] == []


def test_every_python_that_is_offered_is_tested_and_packed() -> None:
    bicep = (REPOSITORY / "infra" / "main.bicep").read_text(encoding="utf-8")
    offered = re.findall(r"'(3\.\d+)'", bicep[: bicep.index("param pythonVersion")])
    assert files()["main.bicep"].parameters["pythonVersion"].default in offered
    jobs = workflow("ci.yml")["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == offered
    assert jobs["package"]["strategy"]["matrix"]["python"] == offered


def test_deployment_waits_for_ci_and_signs_in_without_a_secret() -> None:
    job = workflow("deploy.yml")["jobs"]["deploy"]
    assert job["needs"] == "ci"
    assert job["permissions"]["id-token"] == "write"
    assert job["environment"]
    [login] = [step for step in job["steps"] if step.get("uses", "").startswith("azure/login@")]
    assert set(login["with"]) == {"client-id", "tenant-id", "subscription-id"}


def test_functions_are_built_remotely_and_never_by_scm() -> None:
    deployed = [step for step in steps("deploy.yml") if step.get("uses", "").startswith("Azure/functions-action@")]
    assert len(deployed) == 4
    for step in deployed:
        assert step["with"]["remote-build"] is True
        assert step["with"]["respect-funcignore"] is True
        assert not any("scm-do-build" in key for key in step["with"])


def test_bad_deployment_is_taken_back_after_the_smoke_test() -> None:
    named = [step["name"] for step in steps("deploy.yml") if "name" in step]
    smoke = named.index("Smoke test")
    after = steps("deploy.yml")[-4:]
    assert named.index("Deploy serving") < smoke < named.index("Roll back to the last good commit")
    assert all(step["if"].startswith("failure() && steps.before.outputs.commit != ''") for step in after)
    assert named.index("Last commit that was deployed well") < named.index("Deploy training")


def test_release_has_the_notes_of_its_version() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n- Next.\n\n## [1.2.0] - 2026-11-20\n\n- New.\n\n## [1.1.0]\n\n- Old.\n"
    assert notes(text, "v1.2.0") == "- New."
    assert notes(text, "v1.1.0") == "- Old."
    with pytest.raises(NoNotes, match=r"1\.3\.0"):
        notes(text, "v1.3.0")


def test_changelog_is_written_as_the_release_reads_it() -> None:
    assert notes(Path(REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), "Unreleased")


def test_image_holds_what_the_job_runs() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    copied = " ".join(re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE))
    for part in ("requirements.txt", "host.json", "function_app.py", "automl", "functions", "infra/job"):
        assert part in copied
    job = (REPOSITORY / "infra" / "modules" / "training-job.bicep").read_text(encoding="utf-8")
    assert "'infra.job'" in job
    assert "--require-hashes" in dockerfile
