"""`evergreen inspect`: what a table holds, before anything is sent anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.columns import aligned
from cli.errors import Misuse, Stopped
from cli.leakage import Leakage
from cli.names import model_name
from cli.options import Json
from cli.output import show
from cli.profile import Column
from cli.tables import batches, dialect_of, kind_of

ROWS = 5_000


def inspect(
    file: Annotated[Path, typer.Argument(help="Table to look at, CSV or Parquet.", exists=True, dir_okay=False)],
    target: Annotated[
        str | None, typer.Option(help="Column to predict: finds columns that give it away.", show_default=False)
    ] = None,
    spec: Annotated[
        Path | None, typer.Option(help="Write a spec in TOML to this file, to be edited.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """See what a table holds: columns, likely types, missing values, identifiers, columns that give the target away.

    Nothing is sent. What training took each column for stands in the signature of the version it made.
    """
    remarks = [] if kind_of(file) == "parquet" else list(dialect_of(file).remarks)
    try:
        columns, leaking, rows, aside = _read(file, target)
    except KeyboardInterrupt:
        raise Stopped("Stopped. Nothing was written.") from None
    if spec is not None:
        _write(spec, file, target, columns, leaking)
    if as_json:
        found = [
            {"name": each.name, "type": each.type, "missing": each.missing, "distinct": each.distinct,
             "remark": _remark(each, leaking)}
            for each in columns
        ]  # fmt: skip
        show({"file": str(file), "rows": rows, "remarks": remarks, "rows_aside": len(aside), "columns": found})
        return
    typer.echo(f"{file.name}: {rows:,} rows, {len(columns)} columns{''.join(f', {remark}' for remark in remarks)}")
    if aside:
        places = ", ".join(f"{line:,}" for line in aside[:5]) + (" and so on" if len(aside) > 5 else "")
        typer.echo(f"{len(aside):,} rows have too many or too few cells and would be put aside: line {places}")
    lines = [("column", "type", "missing", "different", "")]
    for each in columns:
        kind = "target" if each.name == target else each.type
        missing = f"{each.missing / rows:.1%}" if each.missing else "-"
        lines.append((each.name, kind, missing, each.distinct, _remark(each, leaking)))
    for line in aligned(lines):
        typer.echo(line)
    if spec is not None:
        typer.echo(f"Wrote {spec}. Next: evergreen train {file} --spec {spec}")
    elif target is not None:
        typer.echo(f"Next: evergreen train {file} --target {target}")


def _read(file: Path, target: str | None) -> tuple[list[Column], list[str], int, list[int]]:
    columns: list[Column] = []
    leakage: Leakage | None = None
    aside: list[int] = []
    for batch in batches(file, ROWS, aside=aside):
        if not columns:
            columns = [Column(name) for name in batch.columns]
            if target is not None:
                if target not in batch.columns:
                    raise Misuse(f"{file} has no column '{target}'. It has {', '.join(batch.columns)}.")
                leakage = Leakage(batch.columns, target)
        for column, cells in zip(columns, zip(*batch.rows, strict=True), strict=True):
            column.add(cells)
        if leakage is not None:
            leakage.add(batch.rows)
    if not columns:
        raise Misuse(f"{file} has a header only: expected rows below it.")
    return columns, leakage.suspects() if leakage is not None else [], columns[0].rows, aside


def _remark(column: Column, leaking: list[str]) -> str:
    notes = [column.remark] if column.remark else []
    if column.name in leaking:
        notes.append("gives the target away by itself: is it known beforehand? If not, drop it")
    return "; ".join(notes)


def _write(spec: Path, file: Path, target: str | None, columns: list[Column], leaking: list[str]) -> None:
    if spec.exists():
        raise Misuse(f"{spec} is there already. Choose another name, or remove it.")
    quoted = {name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in (c.name for c in columns)}
    lines = [f'name = "{model_name(file)}"']
    lines.append(f"target = {quoted[target]}" if target else f'target = ""  # one of {", ".join(quoted)}')
    drop = [quoted[name] for name in leaking]
    lines += ["", "[columns]", f"drop = [{', '.join(drop)}]"]
    lines += [
        "",
        "# Types are inferred. To override one, take its mark and that of the section away.",
        "# [columns.types]",
    ]
    lines += [f'# {quoted[c.name]} = "{c.type}"' for c in columns if c.name != target and c.type != "left out"]
    lines += ["", "[search]", "time_budget = 60"]
    spec.write_text("\n".join(lines) + "\n", encoding="utf-8")
