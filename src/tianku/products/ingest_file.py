"""One file of a product set: its bytes kept, its hash, its parts, as rows of the index."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.model.errors import UsageError
from tianku.products.context import SetContext
from tianku.products.durable import durable
from tianku.products.index import HEADER
from tianku.products.keys import KeyRules, canonical
from tianku.products.readers.fits_cards import parse_cards
from tianku.products.readers.source import DEFAULT_LIMITS, gunzip
from tianku.products.readers.spectra import read_spectrum
from tianku.products.spectrum import Part, Spectrum

Row = dict[str, Any]
_ANGSTROM = 1e-10
_SUFFIXES = (".gz", ".fz", ".bz2")


@dataclass(frozen=True, slots=True)
class FileRules:
    """What is compiled once per process to read many files of a set."""

    context: SetContext
    keys: KeyRules
    headers: tuple[str, ...]


def file_rows(rules: FileRules, path: Path) -> list[Row]:
    """Return the index rows of one file, after its bytes are kept as the set's ``store`` says.

    Raises
    ------
    UsageError
        The file is at fault: the reason for the reject report.
    """
    raw = _bytes(path)
    base = _file_columns(rules.context, path, raw)
    named: dict[str, str | int | float | bool | None] = {"stem": stem(path), "filename": path.name}
    if rules.context.config.type == "spectrum":
        spectrum = read_spectrum(raw, rules.context.config.reader)
        base["key"] = rules.keys.key({**named, **spectrum.header})
        rows = [{**base, **_part_columns(rules, spectrum, i)} for i in range(len(spectrum.parts))]
    else:
        header = _primary(raw)
        base["key"] = rules.keys.key({**named, **header})
        rows = [{**base, "part": "", **_header_columns(rules, header)}]
    _keep(rules.context, path, raw)
    return rows


def stem(path: Path) -> str:
    """Return a file name without its format and compression suffixes."""
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name.rpartition(".")[0] or name


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > DEFAULT_LIMITS.max_bytes:
            raise UsageError(
                "file.too_large", "the file has more than {limit} bytes", limit=DEFAULT_LIMITS.max_bytes
            )
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "file.missing", "{file} cannot be read: {reason}", file=path.name, reason=error.strerror or "error"
        ) from error


def _primary(raw: bytes) -> Mapping[str, str | int | float | bool | None]:
    """The primary header of a FITS file; other formats have none."""
    head = gunzip(raw) if raw.startswith(b"\x1f\x8b") else raw
    return parse_cards(head, 0)[0] if head.startswith(b"SIMPLE") else {}


def _file_columns(context: SetContext, path: Path, raw: bytes) -> Row:
    in_place = context.config.store == "in-place"
    return {
        "category": context.config.main,
        "store": "in-place" if in_place else "copy",
        "path": str(path.resolve()) if in_place else str(kept_path(context, path)),
        "size": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "crc32": zlib.crc32(raw),
        "mtime": path.stat().st_mtime,
    }


def kept_path(context: SetContext, path: Path) -> Path:
    """Return where a copied file goes, relative to the originals: ``<dataset>/<set>/<path under the source>``."""
    root = context.source_root
    inside = path.relative_to(root) if root and path.is_relative_to(root) else Path(path.name)
    return Path(context.dataset) / context.name / inside


def _part_columns(rules: FileRules, spectrum: Spectrum, number: int) -> Row:
    part = spectrum.parts[number]
    ends = (float(part.wavelength[0]), float(part.wavelength[-1]))
    return {
        "part": part.name,
        "part_kind": part.kind,
        "part_number": number,
        "band": part.band or None,
        "layout": spectrum.layout,
        "ra": spectrum.ra,
        "dec": spectrum.dec,
        "t_min": part.t_min,
        "t_max": part.t_max,
        "t_exptime": part.t_exptime,
        "em_min": min(ends) * _ANGSTROM,
        "em_max": max(ends) * _ANGSTROM,
        "em_xel": len(part),
        "lmjm": part.lmjm,
        "snr": _snr(part),
        "notes": ",".join(spectrum.notes) or None,
        **_header_columns(rules, {**spectrum.header, **part.header}),
    }


def _snr(part: Part) -> float | None:
    """The part's own signal to noise, or that of the band nearest the middle of the optical."""
    return next((part.snr[band] for band in ("", "r", "g", "i") if band in part.snr), None)


def _header_columns(rules: FileRules, header: Mapping[str, object]) -> Row:
    folded = {canonical(k): v for k, v in header.items()}
    return {HEADER + name: _text(folded.get(name)) for name in rules.headers}


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return (str(value).strip() or None) if value is not None else None


def _keep(context: SetContext, path: Path, raw: bytes) -> None:
    """Copy byte-exactly and durably; a copy that is already there with the same bytes is left alone."""
    if context.config.store == "in-place" or context.originals is None:
        return
    target = context.originals / kept_path(context, path)
    if target.exists() and target.stat().st_size == len(raw) and target.read_bytes() == raw:
        return
    with durable(target) as partial:
        partial.write_bytes(raw)
