"""Model versions: each a folder of files that never change, made whole by the manifest that is written last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson

from automl.errors import Conflict, EvergreenError, NotFound
from automl.storage import MODELS, Missing, Precondition, Storage

MANIFEST = "manifest.json"
VERSION_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
"""What a version may be called: a time and a hash, as `training` names them."""


class Corrupt(EvergreenError):
    """The bytes in storage are not those the manifest was written for."""

    code = "corrupt_version"


class Versions:
    """The versions of all models."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def publish(self, model: str, version: str, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
        """Store a version: its files, then its manifest, which makes it exist.

        Parameters
        ----------
        manifest
            Everything about the version but the hashes of its files, which are added here.

        Raises
        ------
        Conflict
            The version exists with other contents. Publishing the same contents twice does nothing.
        """
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        for name, data in files.items():
            self._create(model, version, name, data)
        self._create(
            model, version, MANIFEST, orjson.dumps({**manifest, "files": hashes}, option=orjson.OPT_SORT_KEYS)
        )

    def versions(self, model: str) -> list[str]:
        """Versions that exist, newest first."""
        names = self.storage.folders(MODELS, f"{model}/")
        return [name for name in reversed(names) if self._exists(model, name)]

    def version_of_run(self, model: str, run_id: str) -> str | None:
        """The version that a run published, if it did."""
        cause_time = run_id.rpartition("-")[0]
        for version in self.storage.folders(MODELS, f"{model}/"):
            same_time = version.startswith(cause_time)
            if same_time and self._exists(model, version) and self.manifest(model, version)["run_id"] == run_id:
                return version
        return None

    def manifest(self, model: str, version: str) -> dict[str, Any]:
        """The manifest of a version. Raises NotFound."""
        blob = None
        if VERSION_NAME.fullmatch(version):  # what is no name must not become part of a path
            with suppress(Missing):
                blob = self.storage.get(MODELS, f"{model}/{version}/{MANIFEST}")
        if blob is None:
            raise NotFound(f"Model '{model}' has no version '{version}'. GET /models/{model}/versions lists them.")
        data: dict[str, Any] = orjson.loads(blob.data)
        return data

    def file(self, model: str, version: str, name: str) -> bytes:
        """A file of a version, checked against the manifest. Raises NotFound, Corrupt."""
        wanted = self.manifest(model, version)["files"].get(name)
        if wanted is None:
            raise NotFound(f"Version '{version}' of model '{model}' has no file '{name}'.")
        try:
            blob = self.storage.get(MODELS, f"{model}/{version}/{name}")
        except Missing:
            blob = None
        if blob is None:
            raise Corrupt(f"Version '{version}' of model '{model}' has lost its file '{name}'.")
        if hashlib.sha256(blob.data).hexdigest() != wanted:
            raise Corrupt(
                f"File '{name}' of version '{version}' of model '{model}' is not the one that was published."
            )
        return blob.data

    def _exists(self, model: str, version: str) -> bool:
        try:
            self.storage.size(MODELS, f"{model}/{version}/{MANIFEST}")
        except Missing:
            return False
        return True

    def _create(self, model: str, version: str, name: str, data: bytes) -> None:
        path = f"{model}/{version}/{name}"
        try:
            self.storage.put(MODELS, path, data, create=True)
        except Precondition as error:
            there = self.storage.get(MODELS, path)
            if there is None or there.data != data:
                raise Conflict(f"Version '{version}' of model '{model}' exists with another '{name}'.") from error
