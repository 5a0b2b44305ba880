"""`python -m infra.backup save|verify|restore FOLDER`, over the account that EVERGREEN_STORAGE… names."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from automl import bootstrap
from automl.errors import EvergreenError
from infra.backup.restore import restore, verify
from infra.backup.save import BackupError, save


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.backup")
    parser.add_argument("action", choices=["save", "verify", "restore"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.action == "verify":
            count = len(verify(options.folder))
        else:
            storage = bootstrap.from_environ(os.environ).storage
            if options.action == "save":
                count = save(storage, options.folder, bootstrap.utc_now)
            else:
                count = restore(storage, options.folder)
    except (BackupError, EvergreenError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{options.action}: {count} blobs, all of them whole.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
