"""Whole tables as files: what there is of a dataset, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tianku.formats.csv import write_csv
from tianku.formats.fits import write_fits
from tianku.formats.parquet import write_parquet
from tianku.formats.writers import Writer
from tianku.model.access import ANONYMOUS, Level, Principal
from tianku.model.config.dataset import CATALOGUES
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Frozen
from tianku.usecases.picture import PublishedDataset
from tianku.usecases.policy import closed, decide
from tianku.usecases.products import FileToSend
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

LISTING = "downloads.json"
SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Form:
    """One format that whole tables are offered in."""

    extension: str
    media_type: str
    write: Writer
    packed: bool = True


#: what `protocols:` of a table says
PROTOCOL = "download"
FORMS: dict[str, Form] = {
    "fits": Form("fits.gz", "application/gzip", write_fits),
    "csv": Form("csv.gz", "application/gzip", write_csv),
    "parquet": Form("parquet", "application/vnd.apache.parquet", write_parquet, packed=False),
}


class Download(Frozen):
    """One finished file."""

    name: str
    table: str
    format: str
    bytes: int
    sha256: str
    rows: int
    modified: float  # UTC POSIX time

    @property
    def extension(self) -> str:
        """The end of its name, as people call its format."""
        return FORMS[self.format].extension


class DownloadListing(Frozen):
    """``downloads.json``: the files of one snapshot that are finished."""

    files: tuple[Download, ...] = ()

    def find(self, name: str) -> Download | None:
        """Return the file called `name`."""
        return next((one for one in self.files if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Offered:
    """A download as one principal sees it; `open` when they may have it."""

    file: Download
    path: str  # of this site
    open: bool


def download_folder(data_root: Path, dataset: str, revision: int) -> Path:
    """Return the folder of a snapshot's tables as whole files: made from it, outside it."""
    return data_root / "cache" / "downloads" / f"{dataset}@{revision}"


def read_listing(folder: Path) -> DownloadListing:
    """Return what is finished in `folder`; nothing where nothing was made."""
    path = folder / LISTING
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return DownloadListing()
    return _listing(path, changed)


@lru_cache(maxsize=1024)
def _listing(path: Path, changed: int) -> DownloadListing:
    return DownloadListing.model_validate_json(path.read_bytes())


def offered(centre: Centre, viewer: Viewer, one: PublishedDataset) -> list[Offered]:
    """Return the downloads of `one` whose rows the viewer's principal may count, in order of tables.

    A size tells how many rows there are, so files of tables with closed rows are not named.
    """
    listing = read_listing(download_folder(centre.data_root, one.id, one.revision))
    return [
        Offered(file, address(one.id, file.name), decide(viewer.principal, table.rule, Level.DATA, viewer.now))
        for name, table in one.tables.items()
        if PROTOCOL in table.protocols and decide(viewer.principal, table.rule, Level.METADATA, viewer.now)
        for file in listing.files
        if file.table == name
    ]


def address(dataset: str, name: str) -> str:
    """Return the path of this site at which a download is."""
    return f"/sas/{dataset}/{CATALOGUES}/{name}"


def checksums(files: list[Offered]) -> bytes:
    """Return what ``sha256sum -c`` reads: the files one may have."""
    return "".join(f"{one.file.sha256}  {one.file.name}\n" for one in files if one.open).encode()


def download_file(centre: Centre, principal: Principal, one: PublishedDataset, name: str) -> FileToSend:
    """Return a download of `one` for the caller to be sent.

    Raises
    ------
    NotFoundError
        ``downloads.unknown``
    AuthError
        ``policy.closed``
    """
    now = centre.clock()
    folder = download_folder(centre.data_root, one.id, one.revision)
    found = read_listing(folder).find(name)
    table = one.tables.get(found.table) if found else None
    wanted = table is not None and PROTOCOL in table.protocols
    if found is None or table is None or not (wanted and decide(principal, table.rule, Level.EXISTENCE, now)):
        raise NotFoundError("downloads.unknown", "{dataset} has no download {name}", dataset=one.id, name=name)
    if not decide(principal, table.rule, Level.DATA, now):
        raise closed(principal, table.rule, name)
    return FileToSend(
        folder / name,
        found.bytes,
        found.modified,
        found.sha256,
        FORMS[found.format].media_type,
        name,
        decide(ANONYMOUS, table.rule, Level.DATA, now),
    )
