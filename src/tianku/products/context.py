"""What ingest and the services need to know of one product set, gathered from the configuration once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from tianku.model.config.dynamic import Join
from tianku.model.config.formats import RecordFormat
from tianku.model.config.load import LoadedDataset
from tianku.model.config.products import ProductConfig
from tianku.model.config.rights import public_from
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Bit
from tianku.products.logbook import Logbook
from tianku.products.spectrum import FluxInfo


@dataclass(frozen=True)
class SetContext:
    """One product set of one dataset.

    `originals` is the folder that copied files are kept under; `source_root` the one the
    configuration's patterns start from. `released` None means public at once, ``never`` closed.
    """

    authority: str
    dataset: str
    name: str
    config: ProductConfig
    title: str
    facility: str
    instrument: str
    bits: Mapping[str, tuple[Bit, ...]] = field(default_factory=dict)
    local_time: str | None = None
    released: datetime | str | None = None
    bibcode: str | None = None
    source_root: Path | None = None
    originals: Path | None = None
    #: the layout that ``reader: binary`` reads by, and the folder its tables are in
    record_format: RecordFormat | None = None
    folder: Path = Path()
    #: SQL over index columns and header keywords: when each product becomes public
    public_from: str | None = None
    #: degrees east of the telescope, for times that are sidereal
    longitude: float | None = None
    #: tables that hold the metadata, once they are ingested
    logbook: Logbook | None = None

    @property
    def release_instant(self) -> datetime | None:
        """The release date in UTC without a zone, where there is one."""
        said = self.released
        return said.astimezone(UTC).replace(tzinfo=None) if isinstance(said, datetime) else None

    @property
    def join(self) -> Join | None:
        """Which files of the set make one product: its own rule over that of its record format."""
        return self.config.join or (self.record_format.join if self.record_format else None)

    @property
    def flux(self) -> FluxInfo:
        """Unit and calibration status of this set's flux."""
        return FluxInfo.of(self.config.flux)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of everything that shapes the index, so that a changed configuration resumes nothing."""
        text = f"{self.dataset}|{self.name}|{self.local_time}|{self.originals}|{self.config.model_dump_json()}"
        text += f"|{self.public_from}"
        text += f"|{self.longitude}|{self.logbook.digest if self.logbook else ''}"
        if self.record_format is not None:
            text += self.record_format.model_dump_json()
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def set_context(loaded: LoadedDataset, name: str, authority: str, originals: Path | None = None) -> SetContext:
    """Return the context of product set `name`.

    Raises
    ------
    NotFoundError
        ``products.no_set``, naming those there are.
    """
    dataset, collection = loaded.config, loaded.collection
    config = dataset.products.get(name)
    if config is None:
        known = ", ".join(dataset.products) or "none"
        raise NotFoundError(
            "products.no_set",
            "{dataset} has no product set {name!r}; there are: {known}",
            dataset=dataset.dataset,
            name=name,
            known=known,
        )
    citation = dataset.citation.bibcode or collection.citation.bibcode
    return SetContext(
        authority=authority,
        dataset=dataset.dataset,
        name=name,
        config=config,
        title=str(dataset.title) or dataset.dataset,
        facility=dataset.facility or collection.facility or str(collection.title),
        instrument=dataset.instrument or collection.instrument or str(collection.title),
        bits={mask: collection.bits[bits] for mask, bits in config.masks.items() if bits in collection.bits},
        local_time=collection.telescope.local_time if collection.telescope else None,
        longitude=collection.telescope.lon if collection.telescope else None,
        released=dataset.released.public,
        bibcode=citation[0] if citation else None,
        source_root=loaded.source_root,
        originals=originals,
        record_format=dataset.formats.get(config.format or ""),
        folder=loaded.path.parent,
        public_from=public_from(dataset, collection, config),
    )
