"""Delimited text: read as text by Arrow, then typed column by column so that bad values are named."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable
from tianku.formats.layout import decode
from tianku.formats.opening import DAMAGED, open_bytes
from tianku.formats.text_lines import CleanLines
from tianku.formats.text_values import blank_to_null, infer, parse, parse_lists
from tianku.model.types import TYPES, DataType

_DELIMITERS = ",;\t|"
_BLOCK = 8 << 20
_MAX_LINE = 1 << 20
_MAX_COLUMNS = 10_000
_MAX_FIXED = 128


def open_csv(source: TableSource) -> CsvReader:
    """Open a delimited text file (plain or compressed); see `SourceConfig` for what may be declared."""
    return CsvReader(source, _dialect(source))


@dataclass(frozen=True, slots=True)
class StatedColumn:
    """What a header says of a column: its type, the metadata of its field, and how its values are written."""

    type: DataType
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: length of a JSON array of such values, 0 for any, None for single values
    array: int | None = None

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the column."""
        scalar = TYPES[self.type].arrow
        if self.array is None:
            return scalar
        # null arrays of a fixed length take as much room as others: no length of a header is worth that
        return pa.list_(scalar, self.array if 0 < self.array <= _MAX_FIXED else -1)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written."""

    delimiter: str
    names: tuple[str, ...]
    skip: int  # lines before the first data line (comments not counted)
    comment: str | None = None
    blanks: bool = False  # runs of blanks count as one
    stated: Mapping[str, StatedColumn] = field(default_factory=dict)


def _dialect(source: TableSource) -> Dialect:
    said = source.config
    blanks = said.delimiter in ("whitespace", " ")
    with _lines(source, said.comment, blanks) as file:
        for _ in range(said.skip_rows):
            file.readline(_MAX_LINE)
        line = file.readline(_MAX_LINE).decode(_codec(source), errors="replace").rstrip("\r\n")
    if not line:
        raise unreadable(source.path, "CSV", "it is empty")
    if "\0" in line:
        raise unreadable(source.path, "CSV", "it holds binary data")
    header = said.header if said.header is not None else not (said.reader == "list" or source.names)
    if header:
        line = line.lstrip("#").lstrip(" ")  # a header line marked as a comment
    delimiter = _delimiter(source, line)
    cells = _cells(source, line, delimiter)
    if header:
        return Dialect(delimiter, unique_names(cells), said.skip_rows + 1, said.comment, blanks)
    names = tuple(source.names) or tuple(f"column_{i + 1}" for i in range(len(cells)))
    if len(names) != len(cells):
        problem = f"its lines have {len(cells)} values, but {len(names)} columns are named"
        raise unreadable(source.path, "CSV", problem)
    return Dialect(delimiter, unique_names(names), said.skip_rows, said.comment, blanks)


def _cells(source: TableSource, line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [""])
    except csv.Error as error:
        raise unreadable(source.path, "CSV", str(error)) from error
    if len(cells) > _MAX_COLUMNS:
        raise unreadable(source.path, "CSV", f"its first line has {len(cells)} values, more than {_MAX_COLUMNS}")
    return cells


def _delimiter(source: TableSource, line: str) -> str:
    said = source.config.delimiter
    if said is not None:
        if said != "whitespace" and (len(said) != 1 or not said.isascii() or said in '\r\n"'):
            raise unreadable(source.path, "CSV", f"{said!r} is no delimiter; give one character or `whitespace`")
        return " " if said == "whitespace" else said
    counts = {mark: line.count(mark) for mark in _DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _codec(source: TableSource) -> str:
    encoding = source.config.encoding
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise unreadable(source.path, "CSV", f"there is no encoding {encoding!r}") from error
    return "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding


def _lines(source: TableSource, comment: str | None, blanks: bool) -> io.BufferedIOBase:
    utf8 = _codec(source) == "utf-8-sig"  # the parser's report of a wrong row fails on anything else
    raw = cast("io.BufferedIOBase", open_bytes(source.path))
    return io.BufferedReader(CleanLines(raw, comment=comment, blanks=blanks, utf8=utf8), _BLOCK)


class CsvReader:
    """See `TableReader`. Row numbers count data lines from 1."""

    def __init__(self, source: TableSource, dialect: Dialect) -> None:
        self._source, self._dialect = source, dialect
        self.notes: list[str] = []
        self.total: int | None = None
        self._types = self._complete_types()
        self.schema = pa.schema([self._field(name) for name in dialect.names])

    def _field(self, name: str) -> pa.Field:
        stated = self._dialect.stated.get(name)
        if stated is None:
            return pa.field(name, TYPES[self._types[name]].arrow)
        kind = stated.arrow if stated.array is not None else TYPES[self._types[name]].arrow
        return pa.field(name, kind, metadata={k: v for k, v in stated.metadata.items() if v})

    def _complete_types(self) -> dict[str, DataType]:
        names, stated = self._dialect.names, self._dialect.stated
        known = {n: s.type for n, s in stated.items()}
        known |= {
            n: t
            for n, t in self._source.types.items()
            if n in names and (n not in stated or stated[n].array is None)
        }
        unknown = [n for n in names if n not in known]
        guesses: dict[str, DataType | None] = dict.fromkeys(unknown)
        if unknown and self._source.infer:
            for batch in self._raw([], unknown):
                for name in unknown:
                    guesses[name] = infer(self._text(batch, name), guesses[name])
        return {**known, **{n: t or DataType.STRING for n, t in guesses.items()}}

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the lines; those with too many or few values, or values not of the type, are refused."""
        skipped: list[int] = []
        done = 0
        for batch in self._raw(skipped, self._dialect.names, reject):
            rows = _numbers(done, len(batch), skipped)
            done = int(rows[-1]) if len(rows) else done
            typed, good = self._typed(batch, rows, reject)
            yield SourceBatch(typed, int(rows[0]) if len(rows) else 1, rows[good])

    def _typed(self, batch: pa.RecordBatch, rows: np.ndarray, reject: Reject) -> tuple[pa.RecordBatch, np.ndarray]:
        good, columns = np.ones(len(batch), dtype=bool), []
        for name in self._dialect.names:
            text = self._text(batch, name, count=True)
            values, bad = self._parsed(name, text)
            columns.append(values)
            if bad is None:
                continue
            wrong = np.flatnonzero(bad.to_numpy(zero_copy_only=False) & good)
            for index in wrong.tolist():
                reason = f"{name} is no {self._types[name]}"
                reject(int(rows[index]), reason, repr(text[index].as_py()), 1)
            good[wrong] = False
        typed = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        return (typed, good) if good.all() else (typed.filter(pa.array(good)), good)

    def _parsed(self, name: str, text: pa.StringArray) -> tuple[pa.Array, pa.BooleanArray | None]:
        stated = self._dialect.stated.get(name)
        if stated is None or stated.array is None:
            return parse(text, self._types[name])
        lists, bad = _json_arrays(text, stated.type, stated.array)
        return lists.cast(stated.arrow), bad

    def _text(self, batch: pa.RecordBatch, name: str, *, count: bool = False) -> pa.StringArray:
        text = blank_to_null(decode(batch[name], "utf-8"))
        if sentinels := self._source.nulls_of(name) - {""}:
            hit = pc.is_in(text, value_set=pa.array(sorted(sentinels), pa.string()))
            if found := pc.sum(hit).as_py():
                text = pc.if_else(hit, pa.scalar(None, pa.string()), text)
                if count:
                    self._source.nulled[name] += found
        return text

    def _raw(
        self, skipped: list[int], columns: Sequence[str], reject: Reject | None = None
    ) -> Iterator[pa.RecordBatch]:
        def invalid(row: arrow_csv.InvalidRow) -> str:
            number = row.number - self._dialect.skip
            skipped.append(number)
            if reject is not None:
                text = row.text if len(row.text) <= 200 else row.text[:200] + "…"
                found = f"{row.actual_columns} instead of {row.expected_columns}: {text}"
                reject(number, "wrong number of values", found, 1)
            return "skip"

        dialect = self._dialect
        with _lines(self._source, dialect.comment, dialect.blanks) as file:
            try:
                with arrow_csv.open_csv(
                    file,
                    read_options=arrow_csv.ReadOptions(
                        use_threads=False,  # rows are numbered only then
                        block_size=_BLOCK,
                        column_names=list(dialect.names),
                        skip_rows=dialect.skip,
                        encoding=self._source.config.encoding,
                    ),
                    parse_options=arrow_csv.ParseOptions(
                        delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=invalid
                    ),
                    convert_options=arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(dialect.names, pa.binary()),
                        include_columns=list(columns),
                        strings_can_be_null=False,
                        check_utf8=False,
                    ),
                ) as reader:
                    yield from reader
            except (pa.ArrowException, UnicodeDecodeError, *DAMAGED) as error:
                if reject is None:
                    return  # the same damage is reported when the rows are read
                reject(None, "damaged file", str(error), 1)


def _json_arrays(text: pa.StringArray, kind: DataType, size: int) -> tuple[pa.Array, pa.BooleanArray | None]:
    """Arrays of numbers or logicals as JSON writes them; `size` 0 allows any number of values."""
    shaped = pc.match_substring_regex(text, r"^\[[^\[\]\"]*\]$")
    inner = pc.utf8_slice_codeunits(pc.if_else(shaped, text, None), 1, -1)
    plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(inner), r"\bnull\b", "")
    lists, bad = parse_lists(plain, kind, ",")
    bad = pa.array(np.zeros(len(text), bool)) if bad is None else bad
    bad = pc.or_(bad, pc.fill_null(pc.invert(shaped), False))
    if size:
        bad = pc.or_(bad, pc.fill_null(pc.not_equal(pc.list_value_length(lists), size), False))
    return pc.if_else(bad, None, lists), bad if pc.any(bad).as_py() else None


def _numbers(done: int, count: int, skipped: list[int]) -> np.ndarray:
    """Record numbers of the next `count` good rows after record `done`, leaving out the refused ones."""
    gaps = [s for s in skipped if s > done]
    candidates = np.arange(done + 1, done + 1 + count + len(gaps), dtype=np.int64)
    return candidates[~np.isin(candidates, gaps)][:count] if gaps else candidates
