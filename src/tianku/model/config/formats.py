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

    name: str = Field(description="column it becomes")
    type: str = Field(
        "f8",
        pattern=r"^([uif][1248]|s\d+|bool|bcd|u\d+-packed|string|int|float)$",
        description="binary: numpy-like; text: `string`, `int`, `float` or a numpy-like number",
    )
    start: int | None = Field(None, ge=1, description="first byte of a fixed-width field, 1-based")
    width: int | None = Field(None, ge=1, description="bytes of a fixed-width field")
    count: int = Field(1, ge=1, description="numbers of an array field")
    bytes: int | None = Field(None, ge=1, description="bytes of a BCD time")
    shape: Strings = Field((), description="axes of an array field, by name")
    layout: str | None = Field(None, description="digits of a BCD time, e.g. YYMMDDhhmmssmmmm")
    zone: str | None = Field(None, description="zone of a BCD time (not acted on yet)")
    map: dict[int | str, str] = Field({}, description="words for coded values (not acted on yet)")
    scale: float | str | None = Field(None, description="factor, or the field that holds it (not acted on yet)")
    offset: float | str | None = Field(None, description="value added, or its field (not acted on yet)")
    unit: str | None = Field(None, description="unit of the values")
    null: float | int | str | None = Field(None, description="value that means null")
    description: Text = Field(Text(), description="what it is")


class FileHeader(Config):
    """Bytes before the records."""

    size: int = Field(0, ge=0, description="bytes to skip")
    text: dict[str, str] = Field(
        {}, description="key_value separator and encoding of a text header (not acted on yet)"
    )
    fields: tuple[FieldLayout, ...] = Field((), description="fields of a binary header (not acted on yet)")
    sidecar: str | None = Field(None, description='a file beside it, e.g. "{stem}.hdr" (not acted on yet)')


class Sync(Config):
    """A sync word before each record."""

    bytes: str = Field(pattern=r"^([0-9A-Fa-f]{2})+$", description="the word, in hexadecimal")
    resync: bool = Field(True, description="search for the next word where one is missing")
    report_gaps: bool = Field(True, description="report what was skipped")


class Trailer(Config):
    """Bytes after each record."""

    skip: int = Field(0, ge=0, description="bytes")
    checksum: Literal["crc16", "crc32"] | None = Field(
        None, description="how the record is checked (not acted on yet)"
    )


class Repeat(Config):
    """The record that repeats until the end of the file."""

    sync: Sync | None = Field(None, description="word that begins each record (not acted on yet)")
    fields: tuple[FieldLayout, ...] = Field(min_length=1, description="fields in their order")
    size: int | None = Field(None, ge=1, description="record length when longer than its fields")
    trailer: Trailer | None = Field(None, description="bytes after each record")


class RecordFormat(Config):
    """A file of equal records: binary (`byte_order`) or fixed-width text (`text: true`)."""

    byte_order: Literal["little", "big"] = Field("little", description="of binary numbers")
    text: bool = Field(False, description="True: records are lines of text")
    encoding: str = Field("utf-8", description="of a text file")
    skip_lines: int = Field(0, ge=0, description="lines before the records")
    comment: str | None = Field(None, description="lines that begin so are skipped")
    file_header: FileHeader = Field(FileHeader(), description="bytes before the records")
    repeat: Repeat = Field(description="the record")
    axes: dict[Literal["time", "frequency", "polarisation"], dict[str, str]] = Field(
        {}, description="axes of a dynamic spectrum (not acted on yet)"
    )
    join: dict[str, str] = Field({}, description="which files make one observation (not acted on yet)")

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
