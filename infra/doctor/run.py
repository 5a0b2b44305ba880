"""All checks in order, none of which may hide what the others would have found."""

from __future__ import annotations

from collections.abc import Iterator

from infra.doctor import after, before
from infra.doctor.finding import Azure, Denied, Finding, Place, wrong

SIGN_IN = "az login; az account set --subscription {subscription}"


def examine(azure: Azure, place: Place) -> Iterator[Finding]:
    """The findings of the checks before and after a deployment, as they are made."""
    for name, look in (("before deploying", before.look), ("what is deployed", after.look)):
        try:
            yield from look(azure, place)
        except Denied as error:
            remedy = SIGN_IN.format(subscription=place.subscription)
            yield wrong(name, f"The checks ended here. {error}", remedy)
