"""How the local host compares keys."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.host.keys import Keys, read_keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"master": "m", "host": {"a": "host-key"}, "functions": {"score": {"a": "f" * 100}}}))
    return read_keys(path)


@pytest.mark.parametrize(
    "key", [None, "", "m", "M", "hos", "host-key", "host-key-and-more", "f" * 100, "f" * 99, "é"]
)
def test_every_key_is_compared_with_every_accepted_one_in_full(
    keys: Keys, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def seen(left: Any, right: Any) -> bool:
        compared.append((len(left), len(right)))
        return compare(left, right)

    monkeypatch.setattr(hmac, "compare_digest", seen)
    assert keys.admits(key, "score", "function") is (key in ("m", "host-key", "f" * 100))
    assert compared == [(32, 32)] * 3
    compared.clear()
    assert keys.admits(key, "chief", "admin") is (key == "m")
    assert compared == [(32, 32)]


def test_without_need_of_a_key_none_is_looked_at(keys: Keys) -> None:
    assert keys.admits(None, "health_live", "anonymous")
