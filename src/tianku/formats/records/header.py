"""What comes before the records: lines of keys and values, or fields; inside the file or beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tianku.formats.records.plan import Buffer, RecordPlan
from tianku.formats.records.scan import Run
from tianku.formats.records.values import field_values, instants
from tianku.model.config.formats import FileHeader, RecordFormat, Repeat, TextHeader
from tianku.model.errors import UsageError

Values = dict[str, Any]
#: a text header beside a file is not larger
_MOST = 1 << 20


def read_header(buffer: Buffer, layout: RecordFormat, path: Path) -> Values:
    """Return the values of the file header by name: texts and numbers, arrays for array fields.

    Raises
    ------
    UsageError
        ``records.short_header``; ``records.no_sidecar`` when the file beside is missing.
    """
    header = layout.file_header
    found: Values = {}
    if header.fields:
        found |= _fields(buffer, layout)
    if header.text is not None or header.sidecar is not None:
        found |= _pairs(_text(buffer, header, path), header.text or TextHeader())
    return found


def _fields(buffer: Buffer, layout: RecordFormat) -> Values:
    plan = RecordPlan(
        RecordFormat(byte_order=layout.byte_order, repeat=Repeat(fields=layout.file_header.fields)), {}
    )
    most = min(len(buffer), layout.file_header.size)
    lengths: tuple[int, ...] = ()
    if plan.lengths and plan.prefix.itemsize <= most:
        head = np.ndarray((1,), plan.prefix, buffer)[0]
        lengths = tuple(max(0, int(head[name])) for name in plan.lengths)
    size = plan.prefix.itemsize if len(lengths) < len(plan.lengths) else plan.size(lengths)
    if size > most:
        raise UsageError(
            "records.short_header",
            "the file has {size} bytes, its header {header}",
            size=len(buffer),
            header=max(size, layout.file_header.size),
        )
    run = Run(0, 1, lengths, plan.dtype(lengths))
    records = run.view(buffer)
    found: Values = {}
    for name, field in plan.fields.items():
        if field.type in ("bcd", "bits"):
            found[name] = float(instants(records, field, plan.order)[0])
            continue
        value = field_values(plan, run, records, name)[0]
        found[name] = _plain(value, layout.encoding)
        if field.map:
            found[name] = field.map.get(found[name], str(found[name]))
    return found


def _plain(value: Any, encoding: str) -> Any:
    if isinstance(value, bytes):
        return value.decode(encoding, "replace").strip("\0 ")
    return value if isinstance(value, np.ndarray) else value.item()


def _text(buffer: Buffer, header: FileHeader, path: Path) -> str:
    encoding = header.text.encoding if header.text else "utf-8"
    if header.sidecar is None:
        return bytes(buffer[: header.size]).decode(encoding, "replace")
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    beside = path.parent / header.sidecar.replace("{stem}", stem).replace("{name}", path.name)
    try:
        with beside.open("rb") as stream:
            return stream.read(_MOST).decode(encoding, "replace")
    except OSError as error:
        raise UsageError(
            "records.no_sidecar",
            "the header file {name} beside it cannot be read: {reason}",
            name=beside.name,
            reason=error.strerror or "error",
        ) from error


def _pairs(text: str, layout: TextHeader) -> Values:
    found: Values = {}
    for line in text.replace("\0", "\n").splitlines():
        key, mark, value = line.partition(layout.key_value)
        if mark and key.strip() and len(key) <= 80:
            found.setdefault(key.strip(), _number(value.strip()))
    return found


def _number(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
