"""`evergreen erase`: all that is stored of one business key, and the receipts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.confirm import confirm
from cli.errors import Misuse
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import tell


def erase(
    model: Model,
    business_key: Annotated[
        str | None, typer.Argument(help="The business key to erase; otherwise the receipts are listed.")
    ] = None,
    *,
    receipt: Annotated[str | None, typer.Option(help="Show this receipt instead.", show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Erase one business key everywhere, or show what became of that. Nothing brings it back."""
    checked(model)
    if receipt is not None and business_key is not None:
        raise Misuse("A key is erased or a receipt is shown, not both. Leave one of them out.")
    if business_key is not None:
        question = f"Erase all that model {model} at {url} has of this key?"
        confirm(question, what=f"erase a key of model {model}", otherwise="Nothing was erased.", yes=yes)
    with connect(url, key) as api:
        if business_key is not None:
            asked = api.erase(model, business_key)
            lines = [f"{asked['text']} Look with: evergreen erase {model} --receipt {asked['id']}"]
            tell(asked, lines, as_json=as_json)
        elif receipt is not None:
            one = api.erasure(model, receipt)
            tell(one, _described(one), as_json=as_json)
        else:
            found = api.erasures(model)
            told = [f"{one['id']}  {one['status']:<8}  {one['text']}" for one in found]
            tell(found, told or ["Nothing was ever erased."], as_json=as_json)


def _described(one: dict[str, Any]) -> list[str]:
    return [
        f"{one['id']}, {one['status']}, of {one['at']}",
        one["text"],
        *(f"{count:>9,}  {place}" for place, count in one["rows"].items()),
    ]
