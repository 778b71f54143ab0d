"""`describe`: files in, a complete configuration out."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.model.config import DatasetConfig
from tianku.model.errors import UsageError
from tianku.usecases.describe.dialect import text_dialect
from tianku.usecases.describe.document import dataset_yaml, product_settings, scalar, table_settings
from tianku.usecases.describe.files import FoundFile, classify, expand
from tianku.usecases.describe.model import (
    ProductDescription,
    RejectedFile,
    TableDescription,
    TableSourceFound,
)
from tianku.usecases.describe.products import describe_products
from tianku.usecases.describe.table import describe_table, open_readers

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Description:
    """What files hold, ready to be written as ``dataset.yaml``; paths are written relative to `root`."""

    dataset: str
    title: str
    root: Path
    tables: tuple[TableDescription, ...] = ()
    products: tuple[ProductDescription, ...] = ()
    rejected: tuple[RejectedFile, ...] = ()

    def to_yaml(self) -> str:
        """Return the commented configuration file."""
        return dataset_yaml(self.dataset, self.title, self.tables, self.products, self.rejected, self.root)

    def collection_yaml(self) -> str:
        """Return the least ``collection.yaml`` that goes with it, for a collection that has none yet."""
        title = f"title: {scalar(self.title)}"
        return f"collection: {self.dataset.partition('/')[0]}\n{title}\n"

    def config(self) -> DatasetConfig:
        """Return the same configuration as the validated model."""
        values: dict[str, Any] = {"dataset": self.dataset, "title": self.title}
        values["tables"] = {t.name: table_settings(t, self.root) for t in self.tables}
        values["products"] = {p.name: product_settings(p, self.root) for p in self.products}
        return DatasetConfig.model_validate(values)


def describe(
    paths: Sequence[Path],
    *,
    dataset: str | None = None,
    root: Path | None = None,
    progress: Progress | None = None,
) -> Description:
    """Describe files and folders as one dataset.

    Files with the same columns become one table; spectra of a known layout and images become product
    sets; what cannot be read is listed with its reason.

    Parameters
    ----------
    dataset
        Its id; else made from the name of the first file or folder.
    root
        The folder that paths are written relative to; else the deepest folder of all files.
    progress
        Called with a line of text per file or table.

    Raises
    ------
    UsageError
        ``describe.no_file``, ``describe.nothing``, or ``describe.unreadable`` when no file is readable.
    """
    say = progress or (lambda _: None)
    # folders may be links; a file that is one keeps the name by which it was given
    files = [f.parent.resolve() / f.name for f in expand(paths)]
    found = []
    for file in classify(files):
        say(f"{file.path.name}: {file.kind}")
        found.append(file)
    rejected = [RejectedFile(f.path, f.detail) for f in found if f.kind == "other"]
    tables = _tables([f for f in found if f.kind == "table"], rejected, say)
    products = describe_products(found)
    if not tables and not products:
        reasons = "; ".join(f"{r.path.name}: {r.reason}" for r in rejected[:5])
        raise UsageError("describe.unreadable", "nothing can be published from these files: {why}", why=reasons)
    name = paths[0].name.split(".")[0]
    return Description(
        dataset=dataset or _segment(name),
        title=name.replace("_", " ").strip() or "Untitled",
        root=(root or _common_folder(files)).resolve(),
        tables=tuple(tables),
        products=tuple(products),
        rejected=tuple(rejected),
    )


def _tables(found: Iterable[FoundFile], rejected: list[RejectedFile], say: Progress) -> list[TableDescription]:
    """Describe each group of files with the same columns; unreadable ones go to `rejected`."""
    groups: dict[tuple[object, ...], TableSourceFound] = {}
    for file in found:
        try:
            source, columns = _source(file)
        except UsageError as error:
            rejected.append(RejectedFile(file.path, error.message))
            continue
        if not columns:
            rejected.append(RejectedFile(file.path, f"a table without readable columns: {file.reading}"))
            continue
        key = (columns, tuple(sorted((k, str(v)) for k, v in source.reading.items())))
        same = groups.get(key)
        files = source.files if same is None else (*same.files, *source.files)
        groups[key] = TableSourceFound(files, source.reading, source.names)
    tables: list[TableDescription] = []
    for group in groups.values():
        say(f"reading {', '.join(f.name for f in group.files[:3])}")
        name = _table_name(group, {t.name for t in tables})
        try:
            tables.append(describe_table(name, group))
        except UsageError as error:
            rejected += [RejectedFile(f, error.message) for f in group.files]
    return tables


def _source(file: FoundFile) -> tuple[TableSourceFound, tuple[str, ...]]:
    """Return how to read one table, and its column names."""
    reading = dict(file.reading)
    names: tuple[str, ...] = ()
    if reading["reader"] == "csv":
        keys, names = text_dialect(file.path)
        reading |= keys
        if len(names) == 1:
            reading["reader"] = "list"
    found = TableSourceFound((file.path,), reading, names)
    (reader,) = open_readers(found)
    return found, tuple(reader.schema.names)


def _table_name(group: TableSourceFound, taken: set[str]) -> str:
    stems = [f.name.split(".")[0] for f in group.files]
    same = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    shared = "".join(letters[0] for letters in same)
    words = shared if len(stems) == 1 else re.sub(r"[^A-Za-z0-9]*[A-Za-z]?\d*$", "", shared)
    stem = words if len(words) > 1 else stems[0]
    name = re.sub(r"[^0-9a-z]+", "_", stem.lower()).strip("_")
    if "hdu" in group.reading:
        name = f"{name}_{group.reading['hdu']}"
    name = name if name[:1].isalpha() else f"t_{name}".rstrip("_")
    name = name[:100]
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _segment(name: str) -> str:
    text = re.sub(r"[^0-9a-z.-]+", "-", name.lower()).strip("-.")
    return text[:64] or "dataset"


def _common_folder(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([f.parent for f in files]))
