"""Settings from the environment."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from itertools import pairwise

import pytest

from automl import settings
from automl.errors import InvalidInput
from automl.settings import Settings, variable


def test_defaults_hold_where_nothing_is_set() -> None:
    assert Settings.from_env({"PATH": "/bin"}) == Settings()


def test_every_bad_value_is_reported_together() -> None:
    environ = {"EVERGREEN_ROLE": "cook", "EVERGREEN_MAX_ROWS": "-1", "EVERGREEN_RUN_STALE_S": "inf"}
    with pytest.raises(InvalidInput) as caught:
        Settings.from_env(environ)
    assert [str(problem) for problem in caught.value.problems] == [
        "Field 'EVERGREEN_ROLE': expected one of serve, train, all, got 'cook'. Change or remove the variable.",
        "Field 'EVERGREEN_MAX_ROWS': expected a positive whole number, got '-1'. Change or remove the variable.",
        "Field 'EVERGREEN_RUN_STALE_S': expected a positive number, got 'inf'. Change or remove the variable.",
    ]


def test_a_blob_endpoint_without_a_connection_string_means_an_identity() -> None:
    found = Settings.from_env({"EVERGREEN_STORAGE__blobServiceUri": "https://a.blob.core.windows.net"})
    assert (found.storage, found.storage_blob_uri) == ("", "https://a.blob.core.windows.net")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EVERGREEN_WEBHOOK_URL", "ftp://key@example.com", "an http or https URL"),
        ("EVERGREEN_WEBHOOK_URL", "https://[key]/", "an http or https URL"),
        ("EVERGREEN_WEBHOOK_URL", "https://example.com:key/", "an http or https URL"),
        ("EVERGREEN_WEBHOOK_URL", "https://", "an http or https URL"),
        ("EVERGREEN_WEBHOOK_URL", "example.com/key", "an http or https URL"),
        ("EVERGREEN_WEBHOOK_SECRET", "whsec_key", "at least 24 bytes in base64"),
        (
            "EVERGREEN_WEBHOOK_SECRET",
            "a pass phrase that is long, but a key it is not",
            "at least 24 bytes in base64",
        ),
    ],
)
def test_setting_that_may_hold_a_key_is_refused_without_being_shown(name: str, value: str, expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings.from_env({name: value})
    assert expected in str(caught.value)
    assert "key" not in str(caught.value)


def test_what_may_hold_a_key_is_not_in_the_text_of_the_settings() -> None:
    environ = {
        "EVERGREEN_WEBHOOK_URL": "https://example.com/?sig=abc",
        "EVERGREEN_WEBHOOK_SECRET": "whsec_" + "QUJD" * 8,
    }
    found = Settings.from_env(environ)
    assert found.webhook_url.endswith("abc")
    assert "abc" not in repr(found)
    assert "QUJD" not in repr(found)


def test_sender_is_named_by_the_platform_unless_the_operator_does() -> None:
    platform = {"WEBSITE_HOSTNAME": "evergreen.azurewebsites.net"}
    assert Settings.from_env(platform).webhook_origin == "evergreen.azurewebsites.net"
    own = platform | {"EVERGREEN_WEBHOOK_ORIGIN": "models.example.com"}
    assert Settings.from_env(own).webhook_origin == "models.example.com"


def test_every_setting_is_documented_beneath_itself() -> None:
    tree = ast.parse(inspect.getsource(settings))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    documented = {
        above.target.id
        for above, below in pairwise(body)
        if isinstance(above, ast.AnnAssign)
        and isinstance(above.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
    }
    assert documented == {field.name for field in fields(Settings)}


def test_every_setting_has_a_variable_of_its_own() -> None:
    names = [variable(field.name) for field in fields(Settings)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("EVERGREEN_") for name in names)
