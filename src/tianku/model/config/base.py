"""What every configuration model shares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from tianku.model.text import Text


class Config(BaseModel):
    """A mapping in YAML: unknown keys are errors, values are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True)


def _listed(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


#: one value or a list of them
Strings = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
#: a name that needs no quotes in a query
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=128)]
#: one segment of a dataset id
Segment = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=64)]
#: an SQL scalar expression over columns or header keywords (closed list of functions)
Expression = str | int | float | None
__all__ = ["Config", "Expression", "Identifier", "Segment", "Strings", "Text"]
