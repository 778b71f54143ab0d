"""Open a published dynamic spectrum: all files of the product, kept open while they are looked at."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig
from tianku.products.dynamic import DynamicSpectrum, joined
from tianku.products.preview.previewers import ProductFile
from tianku.products.readers.dynamic import axis_kept, read_dynamic


def open_dynamic(file: ProductFile) -> DynamicSpectrum:
    """Return the dynamic spectrum of a product, its numbers still in its files.

    Raises
    ------
    UsageError
        A file is at fault, or changed since it was published.
    """
    paths = (file.path, *file.following)
    changed = tuple(path.stat().st_mtime_ns for path in paths)
    return _opened(_Files(paths, changed, file.entry.detail, file.config, file.record_format))


class _Files:
    """What an open product is known by."""

    def __init__(
        self,
        paths: tuple[Path, ...],
        changed: tuple[int, ...],
        detail: str | None,
        config: ProductConfig,
        layout: RecordFormat | None,
    ) -> None:
        self.paths, self.detail, self.config, self.layout = paths, detail, config, layout
        said = layout.model_dump_json() if layout else ""
        self._known_by = (paths, changed, detail, config.reader, said)

    def __hash__(self) -> int:
        return hash(self._known_by)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Files) and self._known_by == other._known_by


@lru_cache(maxsize=8)
def _opened(files: _Files) -> DynamicSpectrum:
    """Zooming asks for one product again and again; a file of 256 MiB may be in memory when it is packed."""
    axis = axis_kept(files.detail)
    return joined([read_dynamic(path, files.config, files.layout, axis) for path in files.paths])
