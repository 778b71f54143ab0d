"""What the pages of products show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tianku.model.text import Text
from tianku.pages.ports.cards import AccessView, CollectionCard, DatasetCard, SetCard


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a product's metadata."""

    label: Text
    value: Text | str
    unit: str | None = None  # VOUnits
    keyword: str | None = None  # as the file spells it
    spelled: str | None = None  # the value as programs write it


@dataclass(frozen=True, slots=True)
class PartView:
    """A component inside a product."""

    name: str
    kind: str  # single, coadd, exposure
    band: str
    start: str | None = None  # UTC ISO
    exposure: float | None = None  # seconds
    snr: float | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a product, or a format it is offered in."""

    name: str
    category: str  # science, mask, weight, preview, log, or the suffix of a format it is converted to
    href: str
    media_type: str
    bytes: int | None = None


#: what draws a product; each has a template ``parts/viewer_<name>.html`` and a script of its own
Viewer = Literal["spectrum", "image", "timeseries", "dynamic", "none"]


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """The same product in another release."""

    dataset: str
    title: Text
    newer: bool
    superseded: bool
    identical: bool


@dataclass(frozen=True, slots=True)
class EpochsView:
    """The products of one set that are of the same source."""

    set: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product's page; `data_url` is what the viewer draws, None when it is closed or not drawable."""

    dataset: DatasetCard
    collection: CollectionCard
    set: SetCard
    key: str
    did: str
    title: str  # the target's name where it is known, else the key
    kind: str = ""  # class, subclass and redshift, as the file says
    facts: tuple[Fact, ...] = ()
    parts: tuple[PartView, ...] = ()
    files: tuple[FileView, ...] = ()
    data_url: str | None = None
    viewer: Viewer = "none"
    preview: str | None = None  # address of a picture, with ?size=
    ra: float | None = None
    dec: float | None = None
    access: AccessView = field(default_factory=AccessView)
    header: tuple[tuple[str, str], ...] = ()  # keywords of the file, in its order
    releases: tuple[ReleaseView, ...] = ()  # where else it is, oldest first
    source: str | None = None  # identifier of the source it is of
    epochs: tuple[EpochsView, ...] = ()  # all products of that source

    part_formats: tuple[tuple[str, str], ...] = ()  # suffix and name of what one part is written as

    @property
    def has_parts(self) -> bool:
        """Whether the product has parts that are called something."""
        return any(part.name for part in self.parts)

    @property
    def has_bands(self) -> bool:
        """Whether any part names its band."""
        return any(part.band for part in self.parts)

    @property
    def has_snr(self) -> bool:
        """Whether any part has a signal to noise."""
        return any(part.snr is not None for part in self.parts)

    @property
    def has_points(self) -> bool:
        """Whether any part counts its points."""
        return any(part.points is not None for part in self.parts)

    @property
    def assets(self) -> str:
        """What the viewer's script and style sheet are called, without their suffixes."""
        return "viewer" if self.viewer == "spectrum" else f"viewer-{self.viewer}"

    @property
    def partial(self) -> str:
        """The template of the viewer."""
        return f"tianku/parts/viewer_{self.viewer}.html"


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in a list."""

    key: str
    target: str
    kind: str
    ra: float | None
    dec: float | None
    start: str | None  # UTC ISO
    exposure: float | None  # seconds
    snr: float | None
    parts: int
    preview: str | None = None  # address of a thumbnail


@dataclass(frozen=True, slots=True)
class ProductListView:
    """Some products of a set, in order of their keys."""

    dataset: DatasetCard
    collection: CollectionCard
    set: SetCard
    total: int
    rows: tuple[ProductRow, ...]

    @property
    def has_kinds(self) -> bool:
        """Whether any product tells its class."""
        return any(row.kind for row in self.rows)

    @property
    def has_parts(self) -> bool:
        """Whether any product has more than one part."""
        return any(row.parts > 1 for row in self.rows)

    @property
    def has_snr(self) -> bool:
        """Whether any product has a signal to noise."""
        return any(row.snr is not None for row in self.rows)

    @property
    def has_previews(self) -> bool:
        """Whether any product has a picture."""
        return any(row.preview for row in self.rows)

    @property
    def has_targets(self) -> bool:
        """Whether any product tells its target."""
        return any(row.target for row in self.rows)
