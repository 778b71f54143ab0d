"""Short spellings that validators accept, said in the JSON Schema too, so that editors accept them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

JsonSchema = dict[str, Any]


def also(*shorter: JsonSchema) -> Callable[[JsonSchema], None]:
    """Return a `json_schema_extra` that lets a model be written as one of `shorter` as well."""

    def extend(schema: JsonSchema) -> None:
        full = dict(schema)
        schema.clear()
        schema.update({"anyOf": [*shorter, full], "description": full.get("description", "")})

    return extend


STRING: JsonSchema = {"type": "string"}
STRINGS: JsonSchema = {"type": "array", "items": STRING}
