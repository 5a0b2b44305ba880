"""Asking before what nothing brings back."""

from __future__ import annotations

import sys

import typer

from cli.errors import Misuse, Stopped


def confirm(question: str, *, what: str, otherwise: str, yes: bool) -> None:
    """Go on only where the answer is yes, or was given before (`--yes`).

    Parameters
    ----------
    what
        What is asked about, after "whether to".
    otherwise
        What is said where the answer is no.

    Raises
    ------
    Misuse
        There is nobody to ask.
    Stopped
        The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Misuse(f"Nobody can be asked whether to {what}. Add --yes.")
    if not typer.confirm(question):
        raise Stopped(otherwise)
