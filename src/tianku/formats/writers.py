"""The formats an answer can be asked in, by shorthand or media type (DALI 1.1 §3.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tianku.formats.csv import write_csv, write_tsv
from tianku.formats.fits import write_fits
from tianku.formats.json import write_json, write_json_objects
from tianku.formats.parquet import write_parquet
from tianku.formats.table import TableInfo
from tianku.formats.text import write_text
from tianku.formats.votable import write_binary2, write_tabledata
from tianku.model.errors import UsageError
from tianku.model.metadata import Column

#: Columns, rows and the rest in; the bytes of the answer out, in chunks.
Writer = Callable[[Sequence[Column], Iterable[pa.RecordBatch], TableInfo], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class WriterSpec:
    """One output format.

    Attributes
    ----------
    media_type
        What the answer is labelled with.
    aliases
        Other spellings that ask for it, in lower case and without blanks.
    """

    name: str
    media_type: str
    extension: str
    write: Writer
    aliases: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that asks for this format."""
        return (self.name, _folded(self.media_type), *self.aliases)


_VOTABLE = "application/x-votable+xml"

#: In the order that error messages and capabilities list them.
WRITERS: tuple[WriterSpec, ...] = (
    WriterSpec("votable", _VOTABLE, "vot", write_binary2, ("votable/b2", "text/xml", "application/xml")),
    WriterSpec(
        "votable/binary2",
        f"{_VOTABLE};serialization=binary2",
        "vot",
        write_binary2,
        (f"{_VOTABLE};serialization=binary", "votable/binary"),
    ),
    WriterSpec(
        "votable/td",
        f"{_VOTABLE};serialization=tabledata",
        "vot",
        write_tabledata,
        ("votable/tabledata", "text/xml;serialization=tabledata"),
    ),
    WriterSpec("csv", "text/csv;header=present", "csv", write_csv, ("text/csv", "application/csv")),
    WriterSpec("tsv", "text/tab-separated-values", "tsv", write_tsv),
    WriterSpec("text", "text/plain", "txt", write_text, ("txt", "ascii")),
    WriterSpec("fits", "application/fits", "fits", write_fits, ("application/x-fits", "image/fits")),
    WriterSpec("json", "application/json", "json", write_json),
    WriterSpec("json/objects", "application/json;content=objects", "json", write_json_objects),
    WriterSpec("parquet", "application/vnd.apache.parquet", "parquet", write_parquet, ("application/x-parquet",)),
)


def get_writer(name_or_mime: str) -> WriterSpec:
    """Return the format asked for; parameters that change nothing (charset, content) are ignored.

    Raises
    ------
    UsageError
        ``format.unknown``, listing what is known.
    """
    asked = _folded(name_or_mime)
    spec = _BY_KEY.get(asked) or _BY_KEY.get(_without(asked, "charset", "content", "header"))
    if spec is None:
        known = ", ".join(spec.name for spec in WRITERS)
        raise UsageError(
            "format.unknown",
            "No output format {asked!r}. Ask for one of: {known}; or for its media type.",
            asked=name_or_mime,
            known=known,
        )
    return spec


def _folded(name: str) -> str:
    # a plus sign in a query string that was not escaped arrives as a blank
    text = name.strip().lower().replace("x-votable xml", "x-votable+xml").replace('"', "")
    return "".join(text.split())


def _without(name: str, *parameters: str) -> str:
    kind, *rest = name.split(";")
    kept = [parameter for parameter in rest if parameter.split("=")[0] not in parameters]
    return ";".join([kind, *kept])


_BY_KEY: dict[str, WriterSpec] = {key: spec for spec in reversed(WRITERS) for key in spec.keys}
