"""What these interfaces say of themselves: an OpenAPI document in YAML, and a page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from tianku.model.text import Text

#: parameters by name: type, whether they are needed, what they are
Parameters = tuple["Parameter", ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string."""

    name: str
    text: Text
    kind: str = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `{name}` in its path is a parameter; `media` are the types it may answer in."""

    method: str
    path: str
    text: Text
    parameters: Parameters = ()
    media: tuple[str, ...] = ("application/json",)
    body: dict[str, Any] | None = None


TOKEN = Parameter(
    "token", Text(en="Personal token, for data that are not public", zh="个人令牌，用于未公开的数据")
)

CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def document(title: str, server: str, operations: tuple[Operation, ...]) -> str:
    """Return the OpenAPI 3.1 document of `operations` below `server`, in YAML."""
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    said = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": server}],
        "paths": paths,
    }
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)


def _operation(one: Operation) -> dict[str, Any]:
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
    placed: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    for parameter in (*one.parameters, TOKEN):
        placed.append(
            {
                "name": parameter.name,
                "in": "query",
                "required": parameter.required,
                "description": parameter.text.en,
                "schema": {"type": parameter.kind},
            }
        )
    content: dict[str, Any] = {media: {} for media in one.media}
    made: dict[str, Any] = {
        "summary": one.text.en,
        "parameters": placed,
        "responses": {"200": {"description": one.text.en, "content": content}},
    }
    if one.body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": one.body}}}
    return made


_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{overflow-wrap:anywhere}"
)


def page(title: str, server: str, operations: tuple[Operation, ...], language: str) -> str:
    """Return the same as a page without scripts."""
    where = f"<p><code>{escape(server)}</code> · <a href='openapi.yaml'>openapi.yaml</a></p>"
    parts = [f"<h1>{escape(title)}</h1>{where}"]
    for one in operations:
        rows = "".join(
            f"<li><code>{escape(p.name)}</code>{' *' if p.required else ''}: {escape(p.text.in_(language))}</li>"
            for p in (*one.parameters, TOKEN)
        )
        address = f"<h2><code>{one.method} {escape(one.path)}</code></h2>"
        parts.append(f"{address}<p>{escape(one.text.in_(language))}</p><ul>{rows}</ul>")
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang={language}><head>{head}</head><body>{''.join(parts)}</body></html>"
