"""The HTTP routes of a role, as the app registers them."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from automl.settings import Role
from functions.api_document.described import Description, description_of
from functions.rooms import rooms

_PARAMETER = re.compile(r"\{\*?(\w+)[^}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one HTTP function.

    Parameters
    ----------
    function
        Name of the function, unique in the app.
    template
        The route as it is registered, constraints included.
    level
        `anonymous`, `function` or `admin`: the key it asks for.
    about
        The documentation of its handler.
    description
        What its handler says of itself beyond that; None where it says nothing.
    """

    function: str
    method: str
    template: str
    level: str
    about: str
    description: Description | None

    @property
    def path(self) -> str:
        """The route as OpenAPI writes it.

        >>> Route(function="f", method="GET", template="a/{n:int}", level="function", about="", description=None).path
        '/a/{n}'
        """
        return "/" + _PARAMETER.sub(r"{\1}", self.template)

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters in the path."""
        return _PARAMETER.findall(self.template)

    @property
    def is_open(self) -> bool:
        """Whether it asks for no key."""
        return self.level == "anonymous"

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.about.partition("\n\n")[0].split())


def routes(role: Role) -> list[Route]:
    """Every HTTP route of a role, in the order of registration."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)  # of our own: one can be indexed only once
    for room in rooms(role):
        app.register_functions(room.blueprint)
    found: list[Route] = []
    for function in app.get_functions():
        trigger: dict[str, Any] = function.get_bindings()[0].get_dict_repr()  # a function's first binding triggers it
        if trigger["type"] != "httpTrigger":
            continue
        handler = function.get_user_function()
        found += [
            Route(
                function=str(function.get_function_name()),
                method=method.value,
                template=trigger["route"],
                level=trigger["authLevel"].value,
                about=inspect.getdoc(handler) or "",
                description=description_of(handler),
            )
            for method in trigger["methods"]
        ]
    return found
