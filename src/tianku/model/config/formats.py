"""Record formats: binary and fixed-width layouts declared, not coded."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from tianku.model.config.base import Config, Strings, Text


class FieldLayout(Config):
    """One field of a record.

    Binary types are numpy-like (``u1 i2 i4 i8 f4 f8 s16``), ``bcd`` and ``u12-packed``; text
    records use `start`/`width` (1-based bytes, as in byte-by-byte descriptions).
    """

    name: str
    type: str = Field("f8", pattern=r"^([uif][1248]|s\d+|bool|bcd|u\d+-packed|string|int|float)$")
    start: int | None = Field(None, ge=1, description="first byte of a fixed-width field, 1-based")
    width: int | None = Field(None, ge=1)
    count: int = Field(1, ge=1)
    bytes: int | None = Field(None, ge=1)
    shape: Strings = ()
    layout: str | None = Field(None, description="digits of a BCD time, e.g. YYMMDDhhmmssmmmm")
    zone: str | None = None
    map: dict[int | str, str] = {}
    scale: float | str | None = None
    offset: float | str | None = None
    unit: str | None = None
    null: float | int | str | None = None
    description: Text = Text()


class FileHeader(Config):
    """Bytes before the records."""

    size: int = Field(0, ge=0)
    text: dict[str, str] = Field({}, description="key_value separator and encoding of a text header")
    fields: tuple[FieldLayout, ...] = ()
    sidecar: str | None = Field(None, description='a file beside it, e.g. "{stem}.hdr"')


class Sync(Config):
    """A sync word before each record."""

    bytes: str = Field(pattern=r"^([0-9A-Fa-f]{2})+$")
    resync: bool = True
    report_gaps: bool = True


class Trailer(Config):
    """Bytes after each record."""

    skip: int = Field(0, ge=0)
    checksum: Literal["crc16", "crc32"] | None = None


class Repeat(Config):
    """The record that repeats until the end of the file."""

    sync: Sync | None = None
    fields: tuple[FieldLayout, ...] = Field(min_length=1)
    size: int | None = Field(None, ge=1, description="record length when longer than its fields")
    trailer: Trailer | None = None


class RecordFormat(Config):
    """A file of equal records: binary (`byte_order`) or fixed-width text (`text: true`)."""

    byte_order: Literal["little", "big"] = "little"
    text: bool = False
    encoding: str = "utf-8"
    skip_lines: int = Field(0, ge=0)
    comment: str | None = None
    file_header: FileHeader = FileHeader()
    repeat: Repeat
    axes: dict[Literal["time", "frequency", "polarisation"], dict[str, str]] = {}
    join: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _fields_shortcut(cls, value: Any) -> Any:
        if isinstance(value, dict) and "fields" in value and "repeat" not in value:
            value = dict(value)
            value["repeat"] = {"fields": value.pop("fields")}
        return value

    @model_validator(mode="after")
    def _text_fields_are_placed(self) -> RecordFormat:
        if self.text:
            for field in self.repeat.fields:
                if field.start is None or field.width is None:
                    raise ValueError(f"field {field.name!r} of a text format needs `start` and `width`")
        return self
