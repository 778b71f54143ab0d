"""What people ask archives for (identifiers, a query, a job, a folder, a search), as a selection of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.access import Level, Principal
from tianku.model.errors import AuthError, LimitError, NotFoundError, UsageError
from tianku.products.did import parse_did
from tianku.products.members import Numbers, product_files
from tianku.usecases.archives.layouts import members_of
from tianku.usecases.archives.selection import SelectedSet, Selection, select_sets
from tianku.usecases.jobs import service
from tianku.usecases.picture import PublishedSet
from tianku.usecases.policy import decide
from tianku.usecases.query import Answer, run_adql
from tianku.usecases.set_query import query_set
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: files, or identifiers, of one archive
MOST = 1_000_000
#: product sets of one archive
MOST_SETS = 1000
DID = "obs_publisher_did"
#: in place of categories of files
ALL = "all"
_SHOWN = 10


@dataclass(slots=True)
class Chosen:
    """A choice in the making: files by set, and what cannot be had."""

    files: dict[tuple[str, str], list[Numbers]] = field(default_factory=dict)
    sets: dict[tuple[str, str], PublishedSet] = field(default_factory=dict)
    #: identifiers of nothing that the caller may know of, and the first of them
    unknown: int = 0
    examples: list[str] = field(default_factory=list)
    #: identifiers whose products are closed to the caller even by name
    closed: int = 0
    refused: AuthError | None = None

    def add(self, one: PublishedSet, numbers: Numbers) -> None:
        """Add files of a set."""
        self.sets[one.dataset, one.name] = one
        self.files.setdefault((one.dataset, one.name), []).append(numbers)

    def miss(self, ids: pa.Array) -> None:
        """Note identifiers of nothing."""
        self.unknown += len(ids)
        self.examples += ids.slice(0, max(0, _SHOWN - len(self.examples))).to_pylist()

    def selection(self, centre: Centre) -> Selection:
        """Return the files as a selection.

        Raises
        ------
        LimitError
            ``archive.too_many``
        NotFoundError
            ``archive.nothing``; or `AuthError` when all of it is closed.
        """
        found = []
        for name, one in self.sets.items():
            assert one.manifest.tree is not None
            tree = one.manifest.tree[0]
            path = (one.folder / tree.path).relative_to(centre.data_root)
            numbers = np.unique(np.concatenate(self.files[name]))
            found.append(SelectedSet(one.dataset, one.name, str(path), tree.sha256, numbers))
        selection = select_sets(found)
        check_count(len(selection))
        if not len(selection):
            raise self.refused or NotFoundError(
                "archive.nothing", "None of the {count} identifiers has a file here.", count=self.unknown
            )
        return selection


def check_count(count: int) -> None:
    """Raise `LimitError` ``archive.too_many`` beyond what one archive holds."""
    if count > MOST:
        raise LimitError(
            "archive.too_many",
            "{count} files or identifiers; an archive holds {most} at most: divide it, by folder for example.",
            count=count,
            most=MOST,
        )


def by_ids(centre: Centre, principal: Principal, ids: pa.Array, categories: Sequence[str] = ()) -> Chosen:
    """Choose products by publisher identifiers; `categories` of files, or `ALL`; by default the main one.

    Raises
    ------
    UsageError
        ``did.malformed``
    LimitError
        ``archive.too_many``, ``archive.too_many_sets``
    """
    check_count(len(ids))
    viewer = Viewer(centre.picture(), principal, centre.clock())
    chosen = Chosen()
    for turn, (prefix, some) in enumerate(_by_set(ids)):
        if turn >= MOST_SETS:
            raise LimitError(
                "archive.too_many_sets", "An archive holds files of {most} product sets at most.", most=MOST_SETS
            )
        first = parse_did(some[0].as_py())
        try:
            if first.authority.lower() != centre.site.authority.lower():
                raise NotFoundError("did.elsewhere", "{did} is not of this site", did=str(first)[:200])
            one = viewer.published_set(first.dataset, first.set, by_row=True)
        except AuthError as error:
            chosen.closed += len(some)
            chosen.refused = chosen.refused or error
            continue
        except NotFoundError:
            chosen.miss(some)
            continue
        _take(viewer, chosen, one, some, _keys(some, len(prefix)), categories)
    return chosen


def _by_set(ids: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Divide identifiers by what stands before their question marks."""
    while len(ids):
        first = ids[0].as_py() or ""
        prefix = first[: first.find("?") + 1]
        mask = pc.fill_null(pc.starts_with(ids, prefix), True) if prefix else pc.fill_null(pc.equal(ids, ""), True)
        if not prefix:
            parse_did(first)
        yield prefix, ids.filter(mask)
        ids = ids.filter(pc.invert(mask))


def _keys(ids: pa.Array, prefix: int) -> pa.Array:
    keys = pc.utf8_slice_codeunits(ids, prefix)
    if pc.any(pc.match_substring(keys, "/")).as_py():  # a part is in the file of its product
        keys = pc.list_element(pc.split_pattern(keys, "/", max_splits=1), 0)
    if pc.any(pc.match_substring(keys, "%")).as_py():
        keys = pa.array([unquote(key) for key in keys.to_pylist()], pa.string())
    return keys


def _take(
    viewer: Viewer, chosen: Chosen, one: PublishedSet, ids: pa.Array, keys: pa.Array, categories: Sequence[str]
) -> None:
    if one.manifest.tree is None:
        chosen.miss(ids)
        return
    wanted = keys.unique()
    wanted = wanted.take(pc.sort_indices(wanted))
    index = one.folder / one.manifest.index.path
    kinds = () if ALL in categories else categories or (one.config.main,)
    found = product_files(index, wanted, kinds, _by(viewer, one))
    if not found.hits.all():
        chosen.miss(ids.filter(pc.is_in(keys, value_set=wanted.filter(pa.array(~found.hits)))))
    chosen.add(one, found.numbers)


def _by(viewer: Viewer, one: PublishedSet) -> float | None:
    """The instant by which products must be public for the caller to know of them; None: she knows of all."""
    return None if decide(viewer.principal, one.rule, Level.METADATA, viewer.now) else viewer.now


def by_query(centre: Centre, principal: Principal, adql: str, categories: Sequence[str] = ()) -> Chosen:
    """Choose the products whose identifiers a query finds, in its column ``obs_publisher_did``.

    Raises
    ------
    UsageError
        ``adql.*``, ``archive.no_ids``
    LimitError
        ``archive.too_many``
    """
    with run_adql(centre, principal, adql, maxrec=min(MOST, centre.site.limits.sync_rows)) as answer:
        return by_ids(centre, principal, _ids(answer), categories)


def by_job(centre: Centre, principal: Principal, job_id: str, categories: Sequence[str] = ()) -> Chosen:
    """Choose the products that the query of a job finds, as `by_query`; call it in a session of the state.

    Raises
    ------
    NotFoundError
        ``job.unknown``
    UsageError
        ``archive.no_query`` for a job of another kind.
    """
    job = service.visible(principal, job_id)
    adql = (job.arguments or {}).get("adql")
    if not adql:
        raise UsageError("archive.no_query", "Job {id} has no query to take products from.", id=job.id)
    return by_query(centre, principal, str(adql), categories)


def by_folder(centre: Centre, principal: Principal, dataset: str, name: str, folder: str) -> Chosen:
    """Choose all files in a folder of a product set (``""``: all), as ``/sas/`` shows them: a night, a plate.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``, ``set.unknown``, ``archive.no_folder``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    one = viewer.published_set(dataset, name, by_row=True)
    if one.manifest.tree is None:
        raise _no_folder(dataset, name, folder)
    members = members_of(one.folder / one.manifest.tree[0].path)
    numbers = members.below(folder.strip("/"))
    check_count(len(numbers))
    if (by := _by(viewer, one)) is not None:
        numbers = numbers[members.opening(numbers) <= by]
    if not len(numbers):
        raise _no_folder(dataset, name, folder)
    chosen = Chosen()
    chosen.add(one, numbers)
    return chosen


def by_cone(
    centre: Centre, principal: Principal, dataset: str, name: str, cone: tuple[float, float, float]
) -> Chosen:
    """Choose the products of a set near a position: right ascension, declination, radius in ICRS degrees.

    Raises
    ------
    UsageError
        ``cone.invalid``
    LimitError
        ``archive.too_many``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    one = viewer.published_set(dataset, name, by_row=True)
    most = min(MOST, centre.site.limits.sync_rows)
    with query_set(centre, principal, one, [DID], cone=cone, maxrec=most) as answer:
        return by_ids(centre, principal, _ids(answer))


def _ids(answer: Answer) -> pa.Array:
    names = [column.name.lower() for column in answer.columns]
    if DID not in names:
        raise UsageError(
            "archive.no_ids", "The query must give a column {column}; it gives: {names}.",
            column=DID, names=", ".join(names[:_SHOWN]),
        )  # fmt: skip
    at = names.index(DID)
    found = [batch.column(at).cast(pa.string()) for batch in answer.batches()]
    if answer.overflowed:
        check_count(MOST + 1)
    return pa.concat_arrays(found).drop_null() if found else pa.array([], pa.string())


def _no_folder(dataset: str, name: str, folder: str) -> NotFoundError:
    return NotFoundError(
        "archive.no_folder", "{place} has no folder {folder!r} with files.",
        place=f"{dataset}/{name}", folder=folder[:200],
    )  # fmt: skip
