"""What roles.bicep gives each identity, and a storage that grants no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.check.bicep import Block, Expression
from tests.infra.files import files, resources

ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
}
"""Azure's built-in roles by their ids, the same in every tenant."""

READS = {"get", "get_from", "size", "list"}
ALLOWS = {
    "Storage Blob Data Reader": READS,
    "Storage Blob Data Contributor": READS | {"put", "stage", "commit", "append", "delete"},
    "Storage Queue Data Message Sender": {"send"},
    "Storage Queue Data Contributor": {"send"},
}
"""The operations of `automl.storage.Storage` that a role lets through."""


def granted(identity: str) -> Mapping[str, set[str]]:
    """The roles of `serving` or `training` with two apps, by the container or queue they are given on."""
    file = files()["modules/roles.bicep"]
    found: dict[str, set[str]] = {}
    for each in file.resources:
        if each.type != "Microsoft.Authorization/roleAssignments":
            continue
        principal = each.body.get("properties.principalId")
        if not isinstance(principal, Expression) or principal.text != f"{identity}PrincipalId":
            continue
        for place in _places(each.loop, each.body.get("scope").text):
            found.setdefault(place, set()).add(role_of(each.body, file.variables))
    return found


def role_of(body: Block, variables: Mapping[str, object]) -> str:
    """The name of the role that an assignment gives."""
    text = body.get("properties.roleDefinitionId").text
    return ROLES[str(variables[text.rsplit(",", 1)[1].strip(" )")])]


def _places(loop: str, scope: str) -> list[str]:
    file = files()["modules/roles.bicep"]
    if loop:
        return [str(place) for place in file.variables[loop]]
    target = next(each for each in file.resources if each.symbol == scope)
    name = target.body.get("name")
    return [name if isinstance(name, str) else target.symbol]


def guard(identity: str) -> Callable[[str, str, str], None]:
    """A check for `MemoryStorage.before` that refuses what the identity's roles do not allow."""
    roles = granted(identity)

    def check(operation: str, place: str, name: str) -> None:
        if not any(operation in ALLOWS.get(role, set()) for role in roles.get(place, set())):
            raise PermissionError(f"{identity} has no right to {operation} {place}/{name}")

    return check


def assignments() -> list[tuple[str, str]]:
    """File and role of every assignment there is."""
    declared = resources("Microsoft.Authorization/roleAssignments")
    return [(each.file, role_of(each.body, files()[each.file].variables)) for each in declared]
