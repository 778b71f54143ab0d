"""The OpenAPI 3.1 document, made from the operations that are served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tianku import __version__
from tianku.api.operation import Operation, Parameter

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "params"],
            "properties": {
                "code": {"type": "string", "description": "stable name; the key of translations"},
                "message": {"type": "string", "description": "English text"},
                "params": {"type": "object"},
            },
        }
    },
}
_COLUMN = {
    "type": "object",
    "required": ["name", "type"],
    "properties": {
        "name": {"type": "string"},
        "type": {"type": "string"},
        "arraysize": {"type": "string"},
        "unit": {"type": "string", "description": "VOUnits"},
        "ucd": {"type": "string", "description": "UCD1+"},
        "utype": {"type": "string"},
        "xtype": {"type": "string"},
        "description": {"type": "object", "properties": {"en": {"type": "string"}, "zh": {"type": "string"}}},
        "principal": {"type": "boolean"},
    },
}


def document(operations: Iterable[Operation], title: str, base: str) -> dict[str, Any]:
    """Return the document of `operations` served at `base`."""
    paths: dict[str, dict[str, Any]] = {}
    nested: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.public_path, {})[operation.method.lower()] = _operation(operation, nested)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": f"Tianku {__version__}"},
        "servers": [{"url": base}],
        "paths": paths,
        "security": [{}, {"bearer": []}, {"basic": []}],
        "components": {
            "schemas": {"Error": _ERROR, "Column": _COLUMN, **nested},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "a token as the password"},
            },
        },
    }


def _operation(operation: Operation, nested: dict[str, Any]) -> dict[str, Any]:
    """Describe an operation; the models within its body go to `nested`."""
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary.en,
        "parameters": [_parameter(operation, p) for p in operation.parameters],
        "responses": {
            "200": {
                "description": "the answer",
                "content": {kind: {"schema": schema} for kind, schema in operation.responses.items()},
            },
            "default": {
                "description": "what is wrong",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if operation.body is not None:
        schema = operation.body.model_json_schema(ref_template="#/components/schemas/{model}")
        nested.update(schema.pop("$defs", {}))
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _parameter(operation: Operation, one: Parameter) -> dict[str, Any]:
    in_path = f"{{{one.name}}}" in operation.public_path
    return {
        "name": one.name,
        "in": "path" if in_path else "query",
        "required": one.required,
        "description": one.description.en,
        "schema": one.schema,
    }
