"""Product sets: spectra and light curves of known layouts, and images."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tianku.usecases.describe.curves import describe_curves
from tianku.usecases.describe.dynamic import describe_dynamic
from tianku.usecases.describe.files import FoundFile
from tianku.usecases.describe.images import describe_images
from tianku.usecases.describe.model import ProductDescription
from tianku.usecases.describe.spectra import describe_spectra


def describe_products(files: Iterable[FoundFile]) -> list[ProductDescription]:
    """Group spectra and light curves by layout, and images by the companions they have, each a product set."""
    by_kind: dict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        by_kind[file.kind].append(file)
    return [
        *describe_images(by_kind["image"]),
        *describe_spectra((f.path, f.detail) for f in by_kind["spectrum"]),
        *describe_curves((f.path, f.detail) for f in by_kind["timeseries"]),
        *describe_dynamic((f.path, f.detail) for f in by_kind["dynamic-spectrum"]),
    ]


def patterns(files: Sequence[Path], root: Path) -> list[str]:
    """Return globs relative to `root` that name exactly `files`, or their names when no globs do."""
    relative = [Path(os.path.relpath(f, root)) for f in files]
    if len(files) <= 5:
        return [str(r) for r in relative]
    wanted = {f.resolve() for f in files}
    for style in (_beginning, _ending, _anywhere, *_tokens(relative)):
        globs = sorted({style(r) for r in relative})
        if len(globs) < len(files) / 2 and {p.resolve() for g in globs for p in root.glob(g)} == wanted:
            return globs
    return [str(r) for r in relative]


def _tokens(paths: Sequence[Path]) -> list[Callable[[Path], str]]:
    """Styles that name files by a word that all their names have between underscores, longest first."""
    words = set.intersection(*(set(p.name.split(".")[0].split("_")[1:-1]) for p in paths))

    def style(word: str) -> Callable[[Path], str]:
        return lambda path: str(path.parent / f"*_{word}_*{_suffix(path)}")

    return [style(word) for word in sorted(filter(None, words), key=len, reverse=True)]


def _ending(path: Path) -> str:
    return str(path.parent / f"*{_suffix(path)}")


def _beginning(path: Path) -> str:
    letters = re.match(r"[A-Za-z_]*[-_]?", path.name)
    return str(path.parent / f"{letters.group() if letters else ''}*{_suffix(path)}")


def _anywhere(path: Path) -> str:
    return f"**/{Path(_beginning(path)).name}"


def _suffix(path: Path) -> str:
    return "".join(path.suffixes[-2:]) if path.suffix in (".gz", ".fz", ".bz2") else path.suffix
