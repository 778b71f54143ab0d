"""The reference of the JSON API, written from its OpenAPI document.

``python -m tianku.api.reference FOLDER`` writes ``api.md``; a server gives the document itself at
``/api/v1/openapi.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tianku.api.routes
from tianku.api.openapi import document

Json = dict[str, Any]
BASE = "https://data.example.org"
_HEAD = """\
<!-- Written by `make reference` from the operations; change those. -->

# JSON API

A server describes its API itself: OpenAPI at `/api/v1/openapi.json`, a page at `/api/docs`. Errors are JSON with
`error.code`, `error.message` and `error.params`. What is not public needs a token: `Authorization: Bearer …`, or
HTTP Basic with the token as the password. Whole results come from TAP at `/vo/tap`.
"""


def page() -> str:
    """Return the page."""
    described = document(tianku.api.routes.DOCUMENTED, "Tianku API", BASE)
    parts = [_HEAD]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts += _operation(f"{method.upper()} {path}", operation)
    return "\n".join(parts)


def _operation(title: str, operation: Json) -> Iterator[str]:
    yield f"## {title}\n\n{operation['summary']}.\n"
    rows = [_parameter(one) for one in operation["parameters"]]
    if rows:
        yield _table(["parameter", "in", "value", ""], rows)
    body = operation.get("requestBody")
    if body is not None:
        schema = body["content"]["application/json"]["schema"]
        yield "Body, in JSON:\n"
        yield _table(["key", "value", "default", ""], [_key(schema, *one) for one in schema["properties"].items()])
    yield f"Answers in {', '.join(f'`{kind}`' for kind in operation['responses']['200']['content'])}.\n"


def _parameter(one: Json) -> list[str]:
    return [f"`{one['name']}`", one["in"] + (", required" if one["required"] else ""),
            one["schema"].get("type", ""), one["description"]]  # fmt: skip


def _key(schema: Json, name: str, said: Json) -> list[str]:
    default = "**required**" if name in schema.get("required", ()) else f"`{json.dumps(said.get('default'))}`"
    limits = [
        f"{word} {said[key]}" for key, word in (("minimum", "at least"), ("maximum", "at most")) if key in said
    ]
    return [f"`{name}`", " ".join([_kind(said), ", ".join(limits)]).strip(), default, said.get("description", "")]


def _kind(said: Json) -> str:
    """Return the type of a value; alternatives after each other, an object of its own as its name."""
    if "anyOf" in said:
        return " or ".join(_kind(one) for one in said["anyOf"])
    return str(said["type"]) if "type" in said else str(said.get("$ref", "any")).rpartition("/")[2]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"
    )


def files() -> dict[str, str]:
    """Return name and text of every file of the reference."""
    return {"api.md": page()}


if __name__ == "__main__":
    for name, text in files().items():
        (Path(sys.argv[1]) / name).write_text(text, "utf-8")
