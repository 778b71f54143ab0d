"""Which files an archive holds, as the state keeps it: the same choice has the same digest on every node."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from tianku.products.members import Numbers
from tianku.state.repositories import ArchiveRecord


@dataclass(frozen=True, slots=True)
class SelectedSet:
    """Files of a product set, by ascending number in its tree as it was when they were chosen.

    `tree` is the path of that tree below the data root, `tree_sha256` its checksum.
    """

    dataset: str
    name: str
    tree: str
    tree_sha256: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Selection:
    """Files of some sets."""

    digest: str
    sets: tuple[SelectedSet, ...]

    def __len__(self) -> int:
        return sum(len(one.numbers) for one in self.sets)


_FACTS = ("dataset", "name", "tree", "tree_sha256")


def select_sets(sets: Sequence[SelectedSet]) -> Selection:
    """Return the selection of these sets, in order of their names."""
    ordered = tuple(sorted((one for one in sets if len(one.numbers)), key=lambda s: (s.dataset, s.name)))
    digest = hashlib.sha256()
    for one in ordered:
        digest.update(json.dumps([one.dataset, one.name, one.tree_sha256, len(one.numbers)]).encode())
        digest.update(one.numbers.astype("<i8").tobytes())
    return Selection(digest.hexdigest(), ordered)


def encoded(selection: Selection) -> ArchiveRecord:
    """Return a selection as the state keeps it: about a byte a file."""
    sets = [
        {name: value for name, value in asdict(one).items() if name in _FACTS} | {"count": len(one.numbers)}
        for one in selection.sets
    ]
    steps = [np.diff(one.numbers, prepend=0).astype("<u4").tobytes() for one in selection.sets]
    return ArchiveRecord(selection.digest, sets, zlib.compress(b"".join(steps), 6))


def decoded(record: ArchiveRecord) -> Selection:
    """Return what `encoded` wrote."""
    steps = np.frombuffer(zlib.decompress(record.numbers), "<u4")
    ends = np.cumsum([one["count"] for one in record.sets])
    pieces = np.split(steps, ends[:-1])
    sets = (
        SelectedSet(one["dataset"], one["name"], one["tree"], one["tree_sha256"], np.cumsum(piece, dtype=np.int64))
        for one, piece in zip(record.sets, pieces, strict=True)
    )
    return Selection(record.digest, tuple(sets))
