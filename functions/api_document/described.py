"""What a handler takes and gives, said beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from automl.errors import EvergreenError
from functions.requests import JSON

Handler = TypeVar("Handler", bound=Callable[..., Any])
Content = Mapping[str, str | None]
"""Names of component schemas by media type; None: bytes that no schema describes."""
Errors = Literal["problem", "open-inference", "mlflow"]

_ATTRIBUTE = "__described__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back under one status.

    Parameters
    ----------
    about
        What the answer is, as a sentence; empty: what the handler's documentation begins with.
    headers
        Names of component headers that this answer has beside those of every answer.
    """

    content: Content
    about: str = ""
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All that is said of a route which its registration does not say.

    Parameters
    ----------
    room
        The heading it stands under (an OpenAPI tag).
    answers
        By status; refusals are not among them.
    body
        Empty where no body is read.
    body_required
        Whether an empty body is refused.
    parameters
        Names of component parameters in query and headers.
    refuses
        Errors it can answer with that do not follow from its having a model, a body or a key.
    errors
        The form of its errors.
    per_model
        Whether it belongs into the document of one model.
    """

    room: str
    answers: Mapping[int, Answer]
    body: Content
    body_required: bool
    parameters: tuple[str, ...]
    refuses: tuple[type[EvergreenError], ...]
    errors: Errors
    per_model: bool


def described(
    room: str,
    answer: str | None = None,
    *,
    status: int = 200,
    headers: tuple[str, ...] = (),
    others: Mapping[int, Answer] | None = None,
    body: str | Content | None = None,
    body_required: bool = True,
    parameters: tuple[str, ...] = (),
    refuses: tuple[type[EvergreenError], ...] = (),
    errors: Errors = "problem",
    per_model: bool = False,
) -> Callable[[Handler], Handler]:
    """Describe a handler for the API's document.

    Parameters
    ----------
    answer
        Name of the schema of the JSON answer under `status`; none where `others` says it all.
    body
        Name of the schema of the JSON body, or schemas by media type.
    """
    told = {} if answer is None else {status: Answer(content={JSON: answer}, headers=headers)}
    description = Description(
        room=room,
        answers={**told, **(others or {})},
        body={JSON: body} if isinstance(body, str) else dict(body or {}),
        body_required=body_required,
        parameters=parameters,
        refuses=refuses,
        errors=errors,
        per_model=per_model,
    )

    def describe(handler: Handler) -> Handler:
        setattr(handler, _ATTRIBUTE, description)
        return handler

    return describe


def description_of(handler: Callable[..., Any]) -> Description | None:
    """What was said of a handler, also where others wrap it."""
    found: Description | None = getattr(handler, _ATTRIBUTE, None)
    return found
