"""Record formats: binary and fixed-width layouts declared, not coded."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from tianku.model.config.base import Config, Text
from tianku.model.config.dynamic import DynamicAxes, Join


class FieldLayout(Config):
    """One field of a record.

    Binary types are numpy-like (``u1 i2 i4 i8 f4 f8 s16``), ``bcd`` and ``bits`` times, and
    ``u12-packed``; text records use `start`/`width` (1-based bytes, as in byte-by-byte descriptions).
    """

    name: str = Field(description="column it becomes")
    type: str = Field(
        "f8",
        pattern=r"^([ui][1248]|f[48]|s\d+|bool|bcd|bits|u([1-9]|[12]\d|3[0-2])-packed|string|int|float)$",
        description="binary: numpy-like; text: `string`, `int`, `float` or a numpy-like number",
    )
    start: int | None = Field(None, ge=1, description="first byte of a fixed-width field, 1-based")
    width: int | None = Field(None, ge=1, description="bytes of a fixed-width field")
    count: int = Field(1, ge=1, description="numbers of an array field")
    bytes: int | None = Field(None, ge=1, le=64, description="bytes of a BCD or bit time")
    shape: tuple[int | str, ...] = Field(
        (), max_length=3, description="lengths of an array field: numbers, or fields that hold them"
    )
    layout: str | None = Field(
        None,
        description="of a time: a letter per digit (`bcd`: YYMMDDhhmmssmmmm) or per bit (`bits`), Y M D h m s; "
        "D alone is the day of the year; after s digits of its fraction, or bits l, u, n of ms, μs, ns; - is none",
    )
    zone: str | None = Field(None, pattern=r"^[+-]\d{2}:\d{2}$", description="zone of a BCD or bit time")
    map: dict[int | str, str] = Field({}, description="words for coded values")
    scale: float | str | None = Field(None, description="factor, or the field that holds it (binary)")
    offset: float | str | None = Field(None, description="value added after scaling, or its field (binary)")
    unit: str | None = Field(None, description="unit of the values")
    null: float | int | str | None = Field(None, description="value that means null")
    description: Text = Field(Text(), description="what it is")


class TextHeader(Config):
    """Lines of keys and values."""

    key_value: str = Field("=", min_length=1, description="what stands between key and value")
    encoding: Literal["ascii", "utf-8", "latin-1", "gb18030", "gbk", "big5"] = Field(
        "utf-8", description="of the text; bytes that it does not know are replaced"
    )


class FileHeader(Config):
    """Bytes before the records, or a text file beside them."""

    size: int = Field(0, ge=0, le=64 << 20, description="bytes before the records")
    text: TextHeader | None = Field(None, description="they, or the file beside, are lines of keys and values")
    fields: tuple[FieldLayout, ...] = Field((), description="fields of a binary header, in their order")
    sidecar: str | None = Field(None, description='a text file beside it, e.g. "{stem}.hdr"')

    @model_validator(mode="after")
    def _is_one_of_them(self) -> FileHeader:
        if self.text is not None and self.fields and self.sidecar is None:
            raise ValueError("a file header is `text:` or has `fields:`, not both")
        if self.sidecar is not None and ("/" in self.sidecar or "\\" in self.sidecar):
            raise ValueError("`sidecar:` names a file of the same folder, without a path")
        return self


class Sync(Config):
    """A sync word before each record."""

    bytes: str = Field(pattern=r"^([0-9A-Fa-f]{2})+$", description="the word, in hexadecimal")
    resync: bool = Field(True, description="search for the next word where one is missing")
    report_gaps: bool = Field(True, description="report what was skipped")


class Trailer(Config):
    """Bytes after each record."""

    skip: int = Field(0, ge=0, description="bytes")
    checksum: Literal["crc16", "crc32"] | None = Field(
        None,
        description="sum over the fields, in the trailer's first bytes: `crc16` is CCITT (0x1021, from 0xFFFF), "
        "`crc32` that of zip; records that fail are left out and counted",
    )

    @model_validator(mode="after")
    def _holds_its_checksum(self) -> Trailer:
        needed = {"crc16": 2, "crc32": 4}.get(self.checksum or "", 0)
        if self.skip < needed:
            raise ValueError(f"a {self.checksum} needs `skip:` of at least {needed} bytes")
        return self


class Repeat(Config):
    """The record that repeats until the end of the file."""

    sync: Sync | None = Field(None, description="word that begins each record")
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
    axes: DynamicAxes | None = Field(None, description="axes of a dynamic spectrum")
    join: Join | None = Field(None, description="which files make one observation")

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

    @model_validator(mode="after")
    def _names_exist(self) -> RecordFormat:
        """What a text header holds is known from the file alone; every other name is checked here."""
        header = self.file_header
        own = {field.name for field in self.repeat.fields}
        open_ended = header.text is not None or header.sidecar is not None
        given = {field.name for field in header.fields}
        for field in self.repeat.fields:
            lengths = [n for n in field.shape if isinstance(n, str) and n not in own | given]
            if lengths and not open_ended:
                raise ValueError(f"`shape` of {field.name!r} names {lengths[0]!r}, which is no field")
            for said in (field.scale, field.offset):
                if isinstance(said, str) and said not in own:
                    raise ValueError(f"{field.name!r} is scaled by {said!r}, which is no field of the record")
        axes = self.axes
        for name in (axes.time.from_, axes.polarisation.from_, axes.values) if axes else ():
            if name is not None and name not in own:
                raise ValueError(f"`axes` names {name!r}, which is no field of the record")
        return self
