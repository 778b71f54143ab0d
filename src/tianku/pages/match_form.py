"""The form of a cross-match as browsers send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from django.http import HttpRequest
from pydantic import ValidationError

from tianku.model.errors import UsageError
from tianku.usecases.match_request import CrossmatchRequest

SIDES = ("left", "right")
_ONE = ("table", "job", "ra", "dec", "radius")
_ERRORS = ("sigma", "major", "minor", "angle", "ra", "dec", "correlation")
FIELDS = (
    *(f"{side}-{name}" for side in SIDES for name in (*_ONE, "columns", *(f"errors-{e}" for e in _ERRORS))),
    "radius", "join", "nearest", "sigmas", "epoch", "format",
)  # fmt: skip
DEFAULTS = {"radius": "2", "join": "inner", "nearest": "1", "sigmas": "3", "format": "votable"}
FORMATS = ("votable", "fits", "parquet", "csv", "json")


def fields_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return what each field of the form holds, by a name that templates can say."""
    return {name.replace("-", "_"): str(given.get(name, DEFAULTS.get(name, "")))[:2000].strip() for name in FIELDS}


def asked_of(request: HttpRequest) -> tuple[CrossmatchRequest, dict[str, BinaryIO]]:
    """Return the match that a form asks for, and the files that came with it by side.

    Raises
    ------
    UsageError
        ``form.value`` for a field that cannot be read.
    """
    fields = fields_of(request.POST)
    asked: dict[str, Any] = {name: fields[name] for name in ("radius", "join", "sigmas", "format")}
    asked["nearest"] = fields["nearest"] or None
    asked["epoch"] = fields["epoch"] or None
    for side in SIDES:
        one: dict[str, Any] = {name: fields[f"{side}_{name}"] or None for name in _ONE}
        columns = [name.strip() for name in fields[f"{side}_columns"].split(",")]
        one["columns"] = [name for name in columns if name] or None
        errors = {name: fields[f"{side}_errors_{name}"] or None for name in _ERRORS}
        one["errors"] = errors if any(errors.values()) else None
        asked[side] = one
    files = {side: file for side in SIDES if (file := request.FILES.get(f"{side}-file")) is not None}
    try:
        return CrossmatchRequest.model_validate(asked), files
    except ValidationError as error:
        where = "-".join(str(part) for part in error.errors()[0]["loc"])
        value = fields.get(where.replace("-", "_"), "")
        raise UsageError("form.value", "{field} cannot be “{text}”", field=where, text=value[:60]) from None
