"""The documents say what the code does."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from automl.errors import MAX_PROBLEMS, InvalidInput
from automl.export import KNOWN
from automl.scoring.body import loads
from automl.scoring.table import read_csv
from automl.settings import Settings, variable
from cli.main import COMMANDS
from tests.fuzz import documented
from tests.local.test_up_down import free_ports
from tests.support import commands, documents
from tests.support.generated import as_csv, loans
from tests.support.tables import shared_table

WORDS = [
    "champion",
    "challenger",
    "shadow",
    "model registry",
    "model version",
    "promote",
    "rollback",
    "signature",
    "baseline",
    "dummy model",
    "prediction log",
    "ground truth",
    "drift",
    "PSI",
    "run",
    "spec",
]
"""The words that mean one thing each, everywhere."""

LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_settings_page_lists_every_setting_as_the_code_documents_it() -> None:
    assert documents.table("docs/settings.md") == documents.settings_rows()


def test_spec_page_lists_every_field_as_the_code_documents_it() -> None:
    assert documents.table("docs/spec.md") == documents.spec_rows()


def test_routes_page_lists_every_route_as_the_code_documents_it() -> None:
    told = [row for row in documents.table("docs/routes.md") if len(row) == 3]
    assert sorted(told) == sorted(documents.route_rows())


def test_limits_page_has_every_limit_among_the_settings_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in documents.table("docs/limits.md")}
    limits = [
        item
        for item in fields(Settings)
        if item.name == "log_queue_bytes" or (item.name.startswith("max_") and item.name != "max_model_bytes")
    ]  # what a model may be is no limit of a request
    assert {name: value for name, value in told.items() if name.startswith("EVERGREEN_")} == {
        variable(item.name): str(item.default) for item in limits
    }


def test_limits_page_has_the_fixed_limits_as_they_are() -> None:
    told = {row[0].strip("`"): int(row[1].strip("`")) for row in documents.table("docs/limits.md")}
    levels = told["JSON levels"]
    assert loads(b"[" * levels + b"]" * levels)
    with pytest.raises(InvalidInput, match=f"JSON at most {levels} levels deep"):
        loads(b"[" * (levels + 1) + b"]" * (levels + 1))
    cell = b"x" * told["characters of a CSV cell"]
    assert read_csv(b"job\n" + cell)
    with pytest.raises(InvalidInput, match="expected CSV"):
        read_csv(b"job\n" + cell + b"x")
    assert told["problems in an answer"] == MAX_PROBLEMS


def test_limits_page_has_every_error_code_that_scoring_answers_with() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in documents.table("docs/limits.md") if len(row) == 3}
    assert told == {code: str(status) for code, status in documented.CODES.items()}


def test_commands_page_is_what_the_commands_say_of_themselves() -> None:
    remedy = "Write it anew: python -m tests.support.commands > docs/commands.md"
    assert documents.text("docs/commands.md") == commands.page(), remedy


def test_every_command_that_a_page_tells_to_type_exists() -> None:
    typed = r"(?:`|bin/|Next: |or: )evergreen ([a-z]+)"
    told = {name for page in documents.pages() for name in re.findall(typed, documents.text(page))}
    assert told - set(COMMANDS) == set()
    assert len(told) > 10


@pytest.mark.parametrize("word", WORDS)
def test_glossary_defines(word: str) -> None:
    defined = re.findall(r"^\*\*(.+?)\.?\*\*", documents.text("docs/glossary.md"), re.MULTILINE)
    assert word.lower() in [entry.lower() for entry in defined]


def test_glossary_is_in_alphabetical_order() -> None:
    defined = re.findall(r"^\*\*(.+?)\.?\*\*", documents.text("docs/glossary.md"), re.MULTILINE)
    assert defined == sorted(defined, key=str.lower)


@pytest.mark.parametrize("page", sorted(documents.pages()))
def test_links_between_pages_lead_somewhere(page: str) -> None:
    folder = (documents.REPOSITORY / page).parent
    targets = [target for target in LINK.findall(documents.text(page)) if "://" not in target]
    assert [target for target in targets if not (folder / target).exists()] == []


def test_readme_names_every_estimator_that_is_exported() -> None:
    told = documents.text("README.md").partition("- Estimators:")[2].partition("\n- ")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(KNOWN)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = re.findall(r"^([a-z]+):", documents.text("Makefile"), re.MULTILINE)
    assert set(re.findall(r"make ([a-z]+)[`\n]", documents.text(page))) - set(targets) == set()


def test_every_command_of_the_readme_runs_or_says_why_it_does_not(tmp_path: Path) -> None:
    (tmp_path / "adult.csv").write_bytes(adults(400))
    said = followed("README.md", tmp_path)
    assert "Evergreen is up:" in said
    assert '"predictions":["setosa"]' in said
    assert "Nobody did anything." in said
    assert "Holdout roc_auc:" in said
    assert "Scored 400 rows with adult" in said
    assert re.search(r"champion +\d{8}T\d{6}Z-[0-9a-f]{8} since", said)
    assert "Accepted 400 truths, refused 0." in said


def test_tutorial_leads_from_a_csv_to_a_model_that_has_replaced_itself(tmp_path: Path) -> None:
    (tmp_path / "adult.csv").write_bytes(shared_table("adult.csv"))
    said = followed("docs/tutorial.md", tmp_path)
    assert "adult.csv: 32,561 rows, 15 columns" in said
    assert "Scored 32,561 rows with adult" in said
    assert "Accepted 32,561 truths, refused 0." in said
    assert re.search(r"labels +32,561 of 32,562 predictions", said)  # of the one by curl nobody told the truth
    assert re.search(r"alarm +none", said)
    for kind in ("alarm", "retraining", "registered", "promoted"):
        assert re.search(rf"UTC  {kind} ", said)
    assert "The world has turned back." in said
    assert "replaces champion" in said
    assert "Removed model adult" in said


def followed(page: str, folder: Path) -> str:
    """What the commands of a page print, all of them typed in order, but for those marked."""
    blocks = documents.shell_blocks(page)
    assert len(blocks) == documents.text(page).count("```sh\n")
    reader = Reader(folder)
    try:
        for block in blocks:
            if not block.reason:
                reader.follow(block.commands)
    finally:
        reader.follow("make down")
    return "\n".join(reader.said)


class Reader:
    """Does in a folder of its own what a page says: on free ports, and with a search of seconds, not a minute."""

    def __init__(self, folder: Path) -> None:
        port, train_port, azurite_port = free_ports()
        local = {
            "EVERGREEN_PORT": str(port),
            "EVERGREEN_TRAIN_PORT": str(train_port),
            "EVERGREEN_AZURITE_PORT": str(azurite_port),
            "EVERGREEN_LOCAL_DIR": str(folder / "local"),
            "EVERGREEN_FIRST_MODEL_S": "2",
            "EVERGREEN_MONITOR_SCHEDULE": "*/3 * * * * *",
            "EVERGREEN_URL": f"http://127.0.0.1:{port}",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")}
        self._environ = kept | local
        self._folder = folder
        self._instead = {
            "make ": f"make -s -C {documents.REPOSITORY} ",
            ".venv/bin/": f"{documents.REPOSITORY}/.venv/bin/",
            "http://127.0.0.1:7071": local["EVERGREEN_URL"],
            "--time-budget 60": "--time-budget 2",
            "evergreen demo": "evergreen demo --pace 3",
        }
        self.said: list[str] = []

    def follow(self, commands: str) -> None:
        """Type commands into a shell, and keep what it prints. Fails where one of them does."""
        for written, typed in self._instead.items():
            commands = commands.replace(written, typed)
        done = subprocess.run(
            ["sh", "-euxc", commands],
            cwd=self._folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        self.said.append(done.stdout)


def adults(rows: int) -> bytes:
    """A table with a target `income`, as somebody might have it."""
    names = {"income": "wage", "debt": "debt", "city": "city", "paid": "income"}
    return as_csv([{names[name]: value for name, value in row.items()} for row in loans(rows)])
