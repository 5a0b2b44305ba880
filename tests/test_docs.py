"""The documents say what the code does."""

from __future__ import annotations

import re

import pytest

from tests.support import documents

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
