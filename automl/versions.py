"""Model versions: each a folder of files that never change, made whole by the manifest that is written last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import orjson

from automl.errors import Conflict, EvergreenError, NotFound
from automl.storage import MODELS, Missing, Precondition, Storage

MANIFEST = "manifest.json"
VERSION_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
"""What a version may be called: a time and a hash, as `training` names them."""

_READERS = 2
"""Threads that read the files of a version: one the graph, the other what is small. With one for each file, requests
that were answered meanwhile waited for a core."""


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
        if wanted is None:  # a name that is no file's must not become part of a path
            raise NotFound(f"Version '{version}' of model '{model}' has no file '{name}'.")
        return _checked(model, version, name, wanted, self._blob(model, version, name))

    def files(
        self, model: str, version: str, names: Sequence[str], *, at_most: int | None = None
    ) -> tuple[dict[str, Any], list[bytes]]:
        """The manifest and some files of a version, read beside each other and checked against it.

        Parameters
        ----------
        names
            Of files that every version has, the largest first.
        at_most
            Most bytes in one file.

        Raises
        ------
        NotFound, Corrupt
            There is no such version; or a file is not the one that was published.
        Oversized
            A file is larger than `at_most`.
        """
        if not VERSION_NAME.fullmatch(version):
            return self.manifest(model, version), []  # which refuses it
        with ThreadPoolExecutor(_READERS) as pool:
            blobs = [pool.submit(self._blob, model, version, name, at_most) for name in names]
            manifest = pool.submit(self.manifest, model, version)
        hashes = manifest.result()["files"]
        return manifest.result(), [
            _checked(model, version, name, hashes.get(name), blob.result())
            for name, blob in zip(names, blobs, strict=True)
        ]

    def _blob(self, model: str, version: str, name: str, at_most: int | None = None) -> bytes | None:
        try:
            blob = self.storage.get(MODELS, f"{model}/{version}/{name}", at_most=at_most)
        except Missing:
            return None
        return None if blob is None else blob.data

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


def _checked(model: str, version: str, name: str, wanted: str | None, data: bytes | None) -> bytes:
    """The bytes of a file, if they are those that the manifest has the hash of."""
    if data is None:
        raise Corrupt(f"Version '{version}' of model '{model}' has lost its file '{name}'.")
    if hashlib.sha256(data).hexdigest() != wanted:
        raise Corrupt(f"File '{name}' of version '{version}' of model '{model}' is not the one that was published.")
    return data
