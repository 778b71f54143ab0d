"""One operation of the API: its route and its part of the OpenAPI document, said once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.routing import Route

from tianku.http.errors import Endpoint, guarded, json_error
from tianku.model.text import Text


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string, or (when its name is in the path) of the path."""

    name: str
    description: Text
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What is called how.

    `path` is Starlette's (``{name}``, ``{name:path}``); `responses` maps a media type to a JSON
    schema of the successful answer.
    """

    name: str
    method: str
    path: str
    summary: Text
    endpoint: Endpoint
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    responses: dict[str, dict[str, Any]] = field(default_factory=lambda: {"application/json": {"type": "object"}})
    example: str = ""

    @property
    def public_path(self) -> str:
        """The path as OpenAPI and people write it."""
        return re.sub(r"\{(\w+)(:\w+)?\}", r"{\1}", self.path)

    def route(self) -> Route:
        """Return the route; errors are answered in JSON."""
        return Route(self.path, guarded(json_error)(self.endpoint), methods=[self.method], name=self.name)


def path_parameter(name: str, description: Text) -> Parameter:
    """Return a required parameter of the path."""
    return Parameter(name, description, required=True)
