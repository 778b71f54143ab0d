"""Columns of a light curve file by name, whether it is a FITS table or text."""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tianku.model.errors import UsageError
from tianku.products.observed import Header
from tianku.products.readers.columns import Array, column_array, table_columns
from tianku.products.readers.curve_layout import TextRule
from tianku.products.readers.fits_cards import Hdu
from tianku.products.timeseries import Flags, Floats, Truths

_DELIMITERS = {"comma": b",", "blank": b" ", "semicolon": b";", "bar": b"|", "tab": b"\t"}
_NO_NUMBER = pa.array(["", "nan", "null", "none", "-", "--", "n/a", "inf", "+inf", "-inf"])
_NUMBERS = frozenset("BIJKED")
_MAX_COLUMNS, _MAX_LINE = 1000, 1 << 16


class Columns(ABC):
    """The columns of one table, looked up without regard to case."""

    def __init__(self, header: Header, names: Sequence[str]) -> None:
        self.header = header
        self.names = tuple(names)
        self._by_name = {n.lower(): n for n in reversed(names)}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def find(self, name: str) -> str:
        """Return the table's spelling of `name` (``timeseries.no_column`` where there is none)."""
        if name not in self:
            raise UsageError(
                "timeseries.no_column",
                "there is no column {name!r}; there are: {known}",
                name=name,
                known=", ".join(self.names[:40]),
            )
        return self._by_name[name.lower()]

    @abstractmethod
    def numbers(self, name: str) -> tuple[Floats, Truths | None]:
        """Return a column of floats, NaN where there is no number, and where values are limits (``>17.2``)."""

    @abstractmethod
    def flags(self, name: str) -> Flags:
        """Return a column of integers; no number is 0."""

    @abstractmethod
    def texts(self, name: str) -> npt.NDArray[np.str_]:
        """Return a column of texts without blanks around them."""

    @abstractmethod
    def unit(self, name: str) -> str | None:
        """Return what the file says of the column's unit."""


class FitsColumns(Columns):
    """The columns of a binary table."""

    def __init__(self, buffer: bytes, hdu: Hdu, header: Header) -> None:
        self._buffer, self._hdu = buffer, hdu
        self._table = {c.name: c for c in reversed(table_columns(hdu))}
        super().__init__(header, [c.name for c in table_columns(hdu)])

    def numbers(self, name: str) -> tuple[Floats, Truths | None]:
        array = self._array(name)
        return (array if array.dtype.kind == "f" else array.astype(np.float64)), None  # type: ignore[return-value]

    def flags(self, name: str) -> Flags:
        array = self._array(name)
        finite = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0) if array.dtype.kind == "f" else array
        return finite.astype(np.int64)

    def texts(self, name: str) -> npt.NDArray[np.str_]:
        column = self._table[self.find(name)]
        if column.code != "A" or column.repeat < 1:
            return self._array(name).astype(np.str_)
        rows, width = self._hdu.shape
        kind = np.dtype(f"S{column.repeat}")
        raw = np.ndarray((rows,), kind, self._buffer, self._hdu.offset + column.offset, (width,))
        return np.char.strip(np.char.decode(raw, "latin-1"))

    def unit(self, name: str) -> str | None:
        said = self._hdu.cards.get(f"TUNIT{self._table[self.find(name)].number}")
        return said.strip() or None if isinstance(said, str) else None

    def _array(self, name: str) -> Array:
        column = self._table[self.find(name)]
        if column.code not in _NUMBERS or column.repeat != 1:
            raise UsageError(
                "timeseries.bad_column",
                "column {name!r} ({form}) does not hold one number per row",
                name=column.name,
                form=f"{column.repeat}{column.code}",
            )
        return column_array(self._buffer, self._hdu, column, "rows")


class TextColumns(Columns):
    """The columns of a text table."""

    def __init__(self, header: Header, table: pa.Table) -> None:
        self._table = table
        super().__init__(header, table.column_names)

    def numbers(self, name: str) -> tuple[Floats, Truths | None]:
        texts = self._trimmed(name)
        limit = pc.match_substring_regex(texts, "^[<>]")
        stripped = pc.utf8_trim_whitespace(pc.utf8_ltrim(texts, characters="<>"))
        empty = pc.is_in(pc.utf8_lower(stripped), value_set=_NO_NUMBER)
        known = pc.if_else(empty, pa.scalar(None, pa.string()), stripped)
        try:
            values = pc.cast(known, pa.float64())
        except pa.ArrowInvalid as error:
            raise UsageError(
                "timeseries.bad_number",
                "column {name!r} holds what is no number: {reason}",
                name=name,
                reason=str(error)[:120],
            ) from error
        limits = np.asarray(limit.to_numpy(zero_copy_only=False), dtype=np.bool_)
        return values.to_numpy(zero_copy_only=False).astype(np.float64), limits if limits.any() else None

    def flags(self, name: str) -> Flags:
        return np.nan_to_num(self.numbers(name)[0], nan=0.0, posinf=0.0, neginf=0.0).astype(np.int64)

    def texts(self, name: str) -> npt.NDArray[np.str_]:
        return np.asarray(self._trimmed(name).to_pylist(), dtype=np.str_)

    def unit(self, name: str) -> str | None:
        return None

    def _trimmed(self, name: str) -> pa.Array:
        column = self._table[self.find(name)].combine_chunks()
        return pc.utf8_trim_whitespace(pc.fill_null(column, ""))


def text_columns(rule: TextRule, data: bytes, header: Header) -> TextColumns:
    """Return the columns of a text table; named groups of `rule.head` are added to its header.

    Raises
    ------
    UsageError
        ``timeseries.not_text``, ``timeseries.empty``, ``timeseries.bad_table``
    """
    text = _decoded(data)
    mark = re.escape(rule.comment) if rule.comment else r"(?!)"
    comments = "\n".join(re.findall(rf"^[ \t]*{mark}(.*)$", text, re.MULTILINE)[:1000])
    body = re.sub(rf"(?m)^[ \t]*{mark}.*\n?", "", text)
    found = re.search(rule.head, comments, re.MULTILINE) if rule.head else None
    return TextColumns({**header, **(found.groupdict() if found else {})}, _table(rule, body))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if any(c in text for c in "\0\x01\x02\x03\x04"):
        raise UsageError("timeseries.not_text", "the file is no text: it holds control characters")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _table(rule: TextRule, body: str) -> pa.Table:
    mark = _DELIMITERS[rule.delimiter].decode()
    blank = "[ ]" if mark == "\t" else r"[ \t]"
    lines = re.sub(rf"(?m)^{blank}+|{blank}+$", "", body)
    lines = re.sub(r"(?m)^\n|[ ]+(?=[ ])", "", lines) if mark == " " else re.sub(r"(?m)^\n", "", lines)
    first = lines.partition("\n")[0].removesuffix(mark)
    if not first:
        raise UsageError("timeseries.empty", "the file holds no rows")
    if len(first) > _MAX_LINE or first.count(mark) >= _MAX_COLUMNS:
        raise _bad_table(f"its first line has more than {_MAX_COLUMNS} columns")
    names = _names(rule, first, mark)
    if mark != " ":
        lines = _unended(lines, re.escape(mark), len(names))
    if len(set(names)) != len(names):
        raise _bad_table("two columns have the same name")
    try:
        return csv.read_csv(
            io.BytesIO(lines.encode()),
            csv.ReadOptions(column_names=names, skip_rows=int(rule.header), use_threads=False),
            csv.ParseOptions(delimiter=mark),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), quoted_strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _bad_table(str(error)[:200]) from error


def _unended(lines: str, mark: str, count: int) -> str:
    """Drop the delimiter that ends lines after their last value; before an empty last value it is a sign of it."""
    return re.sub(rf"(?m)^((?:[^{mark}\n]*{mark}){{{count - 1}}}[^{mark}\n]*){mark}$", r"\1", lines)


def _names(rule: TextRule, first: str, mark: str) -> list[str]:
    words = [w.strip().strip('"') for w in first.split(mark)]
    if rule.header:
        return words
    return [rule.columns[i] if i < len(rule.columns) else f"col{i + 1}" for i in range(len(words))]


def _bad_table(reason: str) -> UsageError:
    return UsageError("timeseries.bad_table", "the text is no table: {reason}", reason=reason)
