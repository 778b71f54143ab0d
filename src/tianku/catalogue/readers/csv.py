"""Delimited text: read as text by Arrow, then typed column by column so that bad values are named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable
from tianku.formats.layout import decode
from tianku.formats.opening import open_bytes
from tianku.formats.text_lines import CleanLines
from tianku.formats.text_values import blank_to_null, infer, parse
from tianku.model.types import TYPES, DataType

_DELIMITERS = ",;\t|"
_BLOCK = 8 << 20


def open_csv(source: TableSource) -> CsvReader:
    """Open a delimited text file (plain or compressed); see `SourceConfig` for what may be declared."""
    return CsvReader(source, _dialect(source))


@dataclass(frozen=True, slots=True)
class _Dialect:
    delimiter: str
    names: tuple[str, ...]
    skip: int  # lines before the first data line


def _dialect(source: TableSource) -> _Dialect:
    said = source.config
    with _lines(source, said.delimiter) as file:
        for _ in range(said.skip_rows):
            file.readline()
        line = file.readline(1 << 20).decode(_codec(said.encoding), errors="replace").rstrip("\r\n")
    if not line:
        raise unreadable(source.path, "CSV", "it is empty")
    if "\0" in line:
        raise unreadable(source.path, "CSV", "it holds binary data")
    header = said.header if said.header is not None else not (said.reader == "list" or source.names)
    if header:
        line = line.lstrip("#").lstrip(" ")  # a header line marked as a comment
    delimiter = _delimiter(said.delimiter, line)
    cells = next(csv.reader([line], delimiter=delimiter))
    if header:
        return _Dialect(delimiter, unique_names(cells), said.skip_rows + 1)
    names = tuple(source.names) or tuple(f"column_{i + 1}" for i in range(len(cells)))
    if len(names) != len(cells):
        raise unreadable(
            source.path, "CSV", f"its lines have {len(cells)} values, but {len(names)} columns are named"
        )
    return _Dialect(delimiter, names, said.skip_rows)


def _delimiter(said: str | None, line: str) -> str:
    if said is not None:
        return " " if said in ("whitespace", " ") else said
    counts = {mark: line.count(mark) for mark in _DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding


def _lines(source: TableSource, delimiter: str | None) -> io.BufferedIOBase:
    blanks = delimiter in ("whitespace", " ")
    raw = open_bytes(source.path)
    if not blanks and source.config.comment is None:
        return raw  # type: ignore[return-value]
    return io.BufferedReader(CleanLines(raw, comment=source.config.comment, blanks=blanks), _BLOCK)


class CsvReader:
    """See `TableReader`. Row numbers count data lines from 1."""

    def __init__(self, source: TableSource, dialect: _Dialect) -> None:
        self._source, self._dialect = source, dialect
        self.notes: list[str] = []
        self.total: int | None = None
        self._types = self._complete_types()
        self.schema = pa.schema([pa.field(n, TYPES[self._types[n]].arrow) for n in dialect.names])

    def _complete_types(self) -> dict[str, DataType]:
        known = {n: t for n, t in self._source.types.items() if n in self._dialect.names}
        unknown = [n for n in self._dialect.names if n not in known]
        guesses: dict[str, DataType | None] = dict.fromkeys(unknown)
        if unknown:
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
            values, bad = parse(text, self._types[name])
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

        said = self._source.config
        with _lines(self._source, said.delimiter) as file:
            try:
                yield from arrow_csv.open_csv(
                    file,
                    read_options=arrow_csv.ReadOptions(
                        use_threads=False,  # rows are numbered only then
                        block_size=_BLOCK,
                        column_names=list(self._dialect.names),
                        skip_rows=self._dialect.skip,
                        encoding=said.encoding,
                    ),
                    parse_options=arrow_csv.ParseOptions(
                        delimiter=self._dialect.delimiter, newlines_in_values=True, invalid_row_handler=invalid
                    ),
                    convert_options=arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(self._dialect.names, pa.binary()),
                        include_columns=list(columns),
                        strings_can_be_null=False,
                        check_utf8=False,
                    ),
                )
            except (pa.ArrowException, EOFError, OSError) as error:
                if reject is None:
                    return  # the same damage is reported when the rows are read
                reject(None, "damaged file", str(error), 1)


def _numbers(done: int, count: int, skipped: list[int]) -> np.ndarray:
    """Record numbers of the next `count` good rows after record `done`, leaving out the refused ones."""
    gaps = [s for s in skipped if s > done]
    candidates = np.arange(done + 1, done + 1 + count + len(gaps), dtype=np.int64)
    return candidates[~np.isin(candidates, gaps)][:count] if gaps else candidates
