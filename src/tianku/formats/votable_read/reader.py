"""Open a VOTable: which table, its schema, its rows as batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.formats.votable_read.binary_rows import BinaryRows
from tianku.formats.votable_read.cells import typed_cells
from tianku.formats.votable_read.columns import ColumnSpec, column_specs, schema_of
from tianku.formats.votable_read.encoded import StreamBytes, open_stream
from tianku.formats.votable_read.errors import Damage, Refuse, malformed, refusing, unsupported
from tianku.formats.votable_read.head import Payload, scan
from tianku.formats.votable_read.meta import TableMeta
from tianku.formats.votable_read.source import ByteSource
from tianku.formats.votable_read.tabledata import text_rows
from tianku.formats.votable_read.tagged_rows import TextRows
from tianku.formats.votable_read.tail import read_tail
from tianku.model.errors import UsageError

#: elements of arrays of fixed length in one batch: empty cells take room, too
_BATCH_ELEMENTS = 1 << 24


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch; `numbers` are the row numbers from 1 when some were refused, else they run from `first`."""

    batch: pa.RecordBatch
    first: int
    numbers: npt.NDArray[np.int64] | None = None


def list_tables(stream: BinaryIO, name: str) -> list[TableMeta]:
    """Return the tables of a document; `serialisation` is None for those without rows."""
    return [t for t in scan(ByteSource(stream, name), lambda _: False) if isinstance(t, TableMeta)]


def open_votable(stream: BinaryIO, name: str, table: int | str | None = None) -> VOTable:
    """Open one table of a VOTable document, plain or gzip.

    Parameters
    ----------
    stream
        Read once, in order; the caller closes it after the last batch.
    name
        What error messages call the document.
    table
        Number (from 1), ID or name; by default the first table with rows, else the first one.

    Raises
    ------
    UsageError
        ``votable.malformed``, ``votable.unsupported``, ``votable.limit``, ``votable.query_status`` when a
        service answered with an error, ``votable.no_table``.
    """
    source = ByteSource(stream, name)
    passed: list[TableMeta] = []
    for found in scan(source, lambda t: table is None or t.is_called(table)):
        if isinstance(found, Payload):
            return VOTable(source, found.table, found)
        if table is not None and found.is_called(table):
            return VOTable(source, found, None)
        passed.append(found)
    if table is None and passed:
        return VOTable(source, next((t for t in passed if t.fields), passed[0]), None)
    raise UsageError(
        "votable.no_table",
        "{name} has no table {wanted}; its tables: {tables}",
        name=name,
        wanted="at all" if table is None else repr(table),
        tables=", ".join(t.label for t in passed[:40]) or "none",
    )


class VOTable:
    """One table.

    Attributes
    ----------
    meta
        What the document says about it.
    schema
        Columns under the names of their FIELDs, which need not differ. Field metadata: unit, ucd, utype,
        xtype, description, null, id, shape, and of COOSYS and TIMESYS system, equinox, epoch, timescale …
    notes
        Remarks; complete after the last batch.
    """

    def __init__(self, source: ByteSource, meta: TableMeta, payload: Payload | None) -> None:
        self.meta = meta
        self._source, self._payload = source, payload
        if not meta.fields:
            raise malformed(source.name, f"table {meta.label} has no fields")
        self._columns = column_specs(meta, source.name)
        self.schema = schema_of(meta, self._columns)
        self.notes = [_unknown(c) for c in self._columns if c.layout is None]
        for scope in (meta, *meta.scopes):
            self.notes += [_OVERFLOW for n, v in scope.infos if n.upper() == "QUERY_STATUS" and v == "OVERFLOW"]

    def batches(self, refuse: Refuse | None = None) -> Iterator[Rows]:
        """Stream the rows; may be called once.

        Parameters
        ----------
        refuse
            Told of every row that is left out and of damage, after which the rows end; without it both
            raise ``votable.rows``.

        Raises
        ------
        UsageError
            ``votable.unsupported`` when the rows are elsewhere, or are a FITS file (see `fits`).
        """
        refuse = refuse or refusing(self._source.name)
        payload, done = self._payload, 0
        if payload is None:
            return
        damage: Damage | None = None
        try:
            for found in self._read(payload):
                yield from self._batches(found, done, refuse)
                done += found.rows if isinstance(found, TextRows) else len(found[0])
            self._finish(payload, done, refuse)
        except Damage as error:
            damage = error
        missing = (self.meta.nrows or 0) - done
        if damage is not None:
            detail = f"{damage.detail} (after {done} rows)"
            refuse(done + 1, damage.reason, detail, max(1, missing))
        elif missing > 0:
            refuse(done + 1, "missing rows", f"nrows says {self.meta.nrows}, there are {done}", missing)

    def fits(self) -> StreamBytes:
        """The FITS file that holds the rows of a table of serialisation ``FITS`` (VOTable 1.4 §5.2).

        Its extension is `extension`; its columns are the fields in order.
        """
        assert self._payload is not None and self.meta.serialisation == "FITS"
        return open_stream(self._source, self._payload)

    @property
    def extension(self) -> int:
        """Number of the HDU that `fits` names; 1 by default."""
        said = self._payload.attributes.get("extnum", "1") if self._payload is not None else "1"
        return int(said) if said.isdecimal() and len(said) < 6 else 1

    def malformed(self, reason: str) -> UsageError:
        """The error of this document."""
        return malformed(self._source.name, reason)

    def _read(self, payload: Payload) -> Iterator[TextRows | list[pa.Array]]:
        if payload.table.serialisation == "TABLEDATA":
            return text_rows(self._source, payload.path, len(self._columns))
        if payload.table.serialisation == "FITS":
            raise unsupported(self._source.name, "its rows are a FITS file", "write them as BINARY2 or TABLEDATA")
        stream = open_stream(self._source, payload)
        flags = payload.table.serialisation == "BINARY2"
        return BinaryRows(self._source.name, self._columns, flags=flags).batches(stream)

    def _batches(self, rows: TextRows | list[pa.Array], done: int, refuse: Refuse) -> Iterator[Rows]:
        if not isinstance(rows, TextRows):
            yield Rows(pa.RecordBatch.from_arrays(rows, schema=self.schema), done + 1)
            return
        fixed = sum(c.arrow.list_size for c in self._columns if pa.types.is_fixed_size_list(c.arrow))
        size = max(1, _BATCH_ELEMENTS // fixed if fixed else rows.rows)
        wrong = dict(rows.wrong)
        for start in range(0, rows.rows, size):
            part = [c[start : start + size] for c in rows.columns]
            reasons = {i - start: why for i, why in wrong.items() if start <= i < start + size}
            yield self._typed(part, reasons, done + start, refuse)

    def _typed(self, cells: list[pa.Array], wrong: dict[int, str], done: int, refuse: Refuse) -> Rows:
        good = np.ones(len(cells[0]), dtype=bool)
        for index, reason in wrong.items():
            refuse(done + index + 1, "not a row of this table", reason, 1)
            good[index] = False
        columns = []
        for text, spec in zip(cells, self._columns, strict=True):
            values, bad = typed_cells(text, spec)
            columns.append(values)
            for index in np.flatnonzero(bad & good).tolist() if bad is not None else ():
                shown = repr(text[index].as_py())[:200]
                refuse(done + index + 1, f"{spec.meta.name} is no {_kind(spec)}", shown, 1)
                good[index] = False
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        if good.all():
            return Rows(batch, done + 1)
        return Rows(batch.filter(pa.array(good)), done + 1, np.flatnonzero(good) + done + 1)

    def _finish(self, payload: Payload, done: int, refuse: Refuse) -> None:
        for value, text in read_tail(self._source, payload.path):
            if value == "ERROR":
                refuse(done + 1, "the service failed after these rows", text, 1)
            elif value == "OVERFLOW":
                self.notes.append(_OVERFLOW)


_OVERFLOW = "the service cut its answer at a limit (OVERFLOW): there are more rows than these"


def _unknown(spec: ColumnSpec) -> str:
    return f"{spec.meta.name}: datatype {spec.meta.datatype!r} is none of VOTable's; read as text"


def _kind(spec: ColumnSpec) -> str:
    return f"array of {spec.kind} of size {spec.meta.arraysize}" if spec.array else str(spec.kind)
