"""What the catalogue of data sets sorts by, beside titles: years, kinds of data, downloads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tianku.model.config.base import Config
from tianku.model.shorthand import also

_YEAR = {"type": "integer"}
_PAIR = {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 1, "maxItems": 2}


class Years(Config):
    """First and last year of observation; ``[2011, null]`` goes on."""

    model_config = ConfigDict(json_schema_extra=also(_YEAR, _PAIR))

    first: int = Field(ge=1000, le=9999, description="first year of observation")
    last: int | None = Field(None, ge=1000, le=9999, description="last year; null while it goes on")

    @model_validator(mode="before")
    @classmethod
    def _from_numbers(cls, value: Any) -> Any:
        if isinstance(value, int):
            return {"first": value, "last": value}
        if isinstance(value, list | tuple) and 1 <= len(value) <= 2:
            return dict(zip(("first", "last"), value, strict=False))
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Years:
        if self.last is not None and self.last < self.first:
            raise ValueError(f"the last year, {self.last}, is before the first, {self.first}")
        return self


#: the spectrum in the words of VODataService, from long waves to short ones
WAVEBANDS = ("Radio", "Millimeter", "Infrared", "Optical", "UV", "EUV", "X-ray", "Gamma-ray")
DataType = Literal["catalogue", "spectrum", "image", "timeseries", "dynamic-spectrum", "cube", "other"]
DownloadFormat = Literal["fits", "csv", "parquet"]


def _listed(value: Any) -> Any:
    return () if value is False or value == "off" else (value,) if isinstance(value, str) else value


Downloads = Annotated[
    tuple[DownloadFormat, ...],
    BeforeValidator(
        _listed, json_schema_input_type=Literal["off", False] | DownloadFormat | tuple[DownloadFormat, ...]
    ),
]
