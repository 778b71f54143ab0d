"""The files of the site as folders: data sets, their sets and whole tables, and files where they came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tianku.model.access import ANONYMOUS, Level, Principal, Rule
from tianku.model.config.dataset import CATALOGUES
from tianku.model.errors import NotFoundError
from tianku.products.tree import Folder, ProductTree, TreeFile
from tianku.usecases.downloads import SUMS, checksums, download_file, offered
from tianku.usecases.picture import PublishedDataset, PublishedSet
from tianku.usecases.policy import closed, decide
from tianku.usecases.products import FileToSend, media_type
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: entries of one page of a listing
PAGE = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a listing: a folder (`size` None) or a file."""

    name: str
    size: int | None = None
    modified: float | None = None  # UTC POSIX time
    title: str = ""
    #: False when the caller may not open it
    open: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a folder; iterate `entries` once. `public`: everybody sees the same."""

    path: str
    entries: Iterator[Entry]
    page: int = 1
    pages: int = 1
    public: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """A small file that is made when it is asked for."""

    name: str
    body: bytes
    public: bool


Found = Listing | FileToSend | Text


@dataclass(frozen=True, slots=True)
class Moved:
    """A folder that was asked for without its final slash."""

    path: str


@dataclass(frozen=True, slots=True)
class _Place:
    """What the first segments of a path name, and the rest of it."""

    dataset: PublishedDataset | None
    rest: str
    #: data sets below, by the next segment of their ids
    below: dict[str, list[PublishedDataset]] = field(default_factory=dict)


def look(centre: Centre, principal: Principal, path: str, page: int = 1) -> Found | Moved:
    """Return what is at `path` (without ``/sas/``; folders end with a slash), for the caller to see.

    Nothing of `path` ever becomes a path of the machine: names are looked up.

    Raises
    ------
    NotFoundError
        ``tree.nothing``, ``tree.no_page``
    AuthError
        ``policy.closed``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    # an empty name is none
    found = None if "//" in f"/{path}" else _found(centre, viewer, path, page)
    if found is None:
        raise NotFoundError("tree.nothing", "There is nothing at {path}.", path=f"/sas/{path}"[:200])
    if page != 1 and not (isinstance(found, Listing) and page <= found.pages):
        raise NotFoundError("tree.no_page", "{path} has no page {page}.", path=f"/sas/{path}"[:200], page=page)
    return found


def _found(centre: Centre, viewer: Viewer, path: str, page: int) -> Found | Moved | None:
    place = _locate(viewer, path)
    if not place.rest:
        return _top(centre, viewer, place, path)
    return _inside(centre, viewer, place.dataset, place.rest, path, page) if place.dataset else None


def _locate(viewer: Viewer, path: str) -> _Place:
    """Find the longest data set id that `path` begins with."""
    visible = viewer.picture.visible(viewer.principal, viewer.now)
    known = {one.id: one for one in visible}
    segments = path.removesuffix("/").split("/") if path.removesuffix("/") else []
    for length in range(min(3, len(segments)), -1, -1):
        prefix = "/".join(segments[:length])
        below: dict[str, list[PublishedDataset]] = {}
        for one in visible:
            if not prefix or one.id.startswith(f"{prefix}/"):
                below.setdefault(one.id[len(prefix) :].lstrip("/").split("/")[0], []).append(one)
        if prefix in known or (below and length == len(segments)):
            slash = "/" if path.endswith("/") and length < len(segments) else ""
            return _Place(known.get(prefix), "/".join(segments[length:]) + slash, below)
    return _Place(None, path)


def _top(centre: Centre, viewer: Viewer, place: _Place, path: str) -> Found | Moved | None:
    """A folder above product files: of the site, a collection, a release, a data set."""
    if path and not path.endswith("/"):
        return Moved(f"{path}/")
    entries = [_dataset_entry(name, members) for name, members in place.below.items()]
    if place.dataset is not None:
        entries += _own_folders(centre, viewer, place.dataset)
    return Listing(path, iter(entries), public=viewer.principal.anonymous)


def _dataset_entry(name: str, members: list[PublishedDataset]) -> Entry:
    first = members[0]
    alone = len(members) == 1 and first.id.endswith(name)
    return Entry(f"{name}/", title=str((first.config.title if alone else None) or first.collection.title))


def _own_folders(centre: Centre, viewer: Viewer, one: PublishedDataset) -> Iterator[Entry]:
    if offered(centre, viewer, one):
        yield Entry(f"{CATALOGUES}/", title="whole tables")
    for product_set in one.sets.values():
        if product_set.manifest.tree and _holds(viewer, product_set.rule, Level.EXISTENCE):
            title = str(product_set.config.title or product_set.name)
            yield Entry(f"{product_set.name}/", title=title, open=_holds(viewer, product_set.rule, Level.METADATA))


def _inside(
    centre: Centre, viewer: Viewer, one: PublishedDataset, rest: str, path: str, page: int
) -> Found | Moved | None:
    name, slash, inside = rest.partition("/")
    if name == CATALOGUES:
        return _catalogues(centre, viewer, one, slash, inside, path)
    product_set = one.sets.get(name)
    if product_set is None or not _holds(viewer, product_set.rule, Level.EXISTENCE):
        return None
    if product_set.manifest.tree is None:
        return None
    if not slash:
        return Moved(f"{path}/")
    if not _holds(viewer, product_set.rule, Level.METADATA):
        raise closed(viewer.principal, product_set.rule, f"{one.id}/{name}")
    tree = _tree(*(product_set.folder / entry.path for entry in product_set.manifest.tree))
    if inside and not inside.endswith("/"):
        file = tree.file(inside)
        if file is not None:
            return _product_file(centre, viewer, product_set, file)
        return Moved(f"{path}/") if tree.folder(inside) else None
    folder = tree.folder(inside.removesuffix("/"))
    return None if folder is None else _folder_page(viewer, product_set, tree, folder, path, page)


def _catalogues(
    centre: Centre, viewer: Viewer, one: PublishedDataset, slash: str, inside: str, path: str
) -> Found | Moved | None:
    files = offered(centre, viewer, one)
    if inside and inside != SUMS:
        return download_file(centre, viewer.principal, one, inside)
    if not files:
        shut = next((t.rule for t in one.tables.values() if _holds(viewer, t.rule, Level.EXISTENCE)), None)
        if shut is not None and not _holds(viewer, shut, Level.METADATA):
            raise closed(viewer.principal, shut, f"{one.id}/{CATALOGUES}")
        return None
    if not slash:
        return Moved(f"{path}/")
    public = viewer.principal.anonymous
    if inside:
        return Text(SUMS, checksums(files), public)
    listed = [Entry(f.file.name, f.file.bytes, f.file.modified, f.file.table, f.open) for f in files]
    return Listing(path, iter([*listed, Entry(SUMS, len(checksums(files)))]), public=public)


def _folder_page(
    viewer: Viewer, one: PublishedSet, tree: ProductTree, folder: Folder, path: str, page: int
) -> Listing:
    """Page number `page` of a folder: its folders, then its files."""
    first = (page - 1) * PAGE
    folders = (Entry(f"{name}/") for name in tree.names(folder, first, PAGE)) if first < folder.folders else ()
    left = PAGE - max(0, min(PAGE, folder.folders - first))
    open_ = _holds(viewer, one.rule, Level.DATA)
    files = tree.files(folder, max(0, first - folder.folders), left)
    listed = (Entry(file.name, file.size, file.mtime, open=open_) for file in files)
    pages = max(1, -(-folder.entries // PAGE))
    return Listing(path, chain(folders, listed), page, pages, viewer.principal.anonymous)


def _product_file(centre: Centre, viewer: Viewer, one: PublishedSet, file: TreeFile) -> FileToSend:
    if not _holds(viewer, one.rule, Level.DATA):
        raise closed(viewer.principal, one.rule, file.name)
    path = file.file(centre.originals)
    try:
        real = path.resolve(strict=True)
    except OSError as error:
        raise NotFoundError("file.gone", "The file {name} is not available.", name=file.name) from error
    # a link put there after ingest must not lead out of the archive
    if real != path and not (file.store != "in-place" and real.is_relative_to(centre.data_root.resolve())):
        raise NotFoundError("file.gone", "The file {name} is not available.", name=file.name)
    public = decide(ANONYMOUS, one.rule, Level.DATA, viewer.now)
    return FileToSend(
        path,
        file.size,
        real.stat().st_mtime,
        file.sha256,
        media_type(file.name),
        file.name,
        public,
        file.offset or 0,
    )


def _holds(viewer: Viewer, rule: Rule, level: Level) -> bool:
    """Whether the principal holds `level` of everything: what opens row by row has no place in a folder."""
    return decide(viewer.principal, rule, level, viewer.now)


@lru_cache(maxsize=256)
def _tree(files: Path, folders: Path) -> ProductTree:
    return ProductTree(files, folders)
