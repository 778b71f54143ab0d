"""Where the pages get what they show, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tianku.model.access import Principal
from tianku.pages.catalogue import CatalogueView
from tianku.pages.downloads import DownloadsView
from tianku.pages.ports.cards import CollectionCard, DatasetCard, SiteView
from tianku.pages.ports.datasets import DatasetView, DifferenceView, TableView
from tianku.pages.ports.products import ProductListView, ProductView
from tianku.usecases.datasets import Wanted
from tianku.usecases.jobs.operation import Desk


class Source(Protocol):
    """The published picture as one principal may see it.

    What the principal may not know of does not exist (`NotFoundError`); what is listed but
    closed raises `AuthError` or comes without its closed fields, by `AccessView.level`.
    Every method answers from memory, but `product`, which may read one file's header.
    """

    def desk(self) -> Desk:
        """Return where jobs are prepared."""
        ...

    def site(self, principal: Principal) -> SiteView:
        """Return the installation with its collections and live numbers."""
        ...

    def datasets(self, principal: Principal) -> Sequence[DatasetCard]:
        """Return the datasets in order of collection and release, with their tables."""
        ...

    def catalogue(self, principal: Principal, wanted: Wanted) -> CatalogueView:
        """Return what is wanted of the catalogue of data sets."""
        ...

    def downloads(self, principal: Principal, dataset: str) -> DownloadsView:
        """Return what can be downloaded of one dataset."""
        ...

    def collection(self, principal: Principal, name: str) -> CollectionCard:
        """Return one collection."""
        ...

    def dataset(self, principal: Principal, dataset: str) -> DatasetView:
        """Return one dataset."""
        ...

    def table(self, principal: Principal, dataset: str, name: str) -> TableView:
        """Return one table."""
        ...

    def product(self, principal: Principal, dataset: str, product_set: str, key: str) -> ProductView:
        """Return one product."""
        ...

    def latest(self, principal: Principal, prefix: str) -> str:
        """Return the id of the newest dataset of a collection or release that the principal may read."""
        ...

    def difference(
        self, principal: Principal, dataset: str, other: str, table: str | None, offset: int, limit: int
    ) -> DifferenceView:
        """Return what changed between two versions; `limit` lines from `offset` on where a table is chosen.

        A table that nobody compared before is compared first.
        """
        ...

    def products(
        self, principal: Principal, dataset: str, product_set: str, offset: int, limit: int
    ) -> ProductListView:
        """Return `limit` products of a set from number `offset` on."""
        ...
