"""`evergreen download`: the files of a version."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import Refused, Stopped
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show

MANIFEST = "manifest.json"


def download(
    model: Model,
    *,
    version: Annotated[str | None, typer.Argument(help="The version; otherwise the champion.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder to write to; otherwise MODEL/VERSION.", file_okay=False)
    ] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Save the files of a version: the ONNX graph, signature, metrics, manifest and the rest.

    Each file is checked against its hash in the manifest, which is written last: a folder without one is not whole.
    """
    checked(model)
    with connect(url, key) as api:
        chosen = version or str(api.pointer(model)["champion"])
        files: dict[str, str] = api.version(model, chosen)["manifest"]["files"]
        folder = out or Path(model) / chosen
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for name, sha256 in files.items():
                data = api.file(model, chosen, name)
                if hashlib.sha256(data).hexdigest() != sha256:
                    raise Refused(f"{name} of version {chosen} did not arrive as it was published. Try again.")
                (folder / name).write_bytes(data)
            (folder / MANIFEST).write_bytes(api.file(model, chosen, MANIFEST))
        except KeyboardInterrupt:
            raise Stopped(f"Stopped. {folder} is not whole: it has no {MANIFEST}.") from None
    if as_json:
        show({"model": model, "version": chosen, "folder": str(folder), "files": [*files, MANIFEST]})
    else:
        typer.echo(f"Version {chosen} of {model}: {len(files) + 1} files in {folder}.")
