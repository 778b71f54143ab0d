"""A published picture for page tests: one open dataset, one closed, one simulated spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tianku.catalogue.manifest import ColumnStatistics
from tianku.model.access import Level, Principal
from tianku.model.errors import AuthError, NotFoundError, TransientError
from tianku.model.metadata import Bit, Column, Position, TableMeta
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.pages.catalogue import CatalogueView, EntryView, Group
from tianku.pages.downloads import DownloadsView, downloads_view
from tianku.pages.ports.cards import (
    AccessView,
    CollectionCard,
    DatasetCard,
    Link,
    Numbers,
    Service,
    SetCard,
    SiteView,
    TableCard,
)
from tianku.pages.ports.datasets import (
    CitationView,
    ColumnView,
    DatasetView,
    DifferenceView,
    Related,
    TableView,
    VersionView,
)
from tianku.pages.ports.products import Fact, FileView, PartView, ProductListView, ProductRow, ProductView
from tianku.usecases.datasets import Value, Wanted
from tianku.usecases.difference import ColumnDifference, DatasetDifference, TableDifference
from tianku.usecases.downloads import Download, Offered
from tianku.usecases.jobs.operation import Desk

HIP = "hipparcos/hip2"
CLOSED = "lamost/dr13/v1.0"
#: products of the one product set
TOTAL = 120

COLUMNS = (
    Column(
        name="hip",
        type=DataType.INT32,
        ucd="meta.id;meta.main",
        description=Text(en="Identifier", zh="编号"),
        principal=True,
        indexed=True,
    ),
    Column(name="ra", type=DataType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", principal=True),
    Column(name="dec", type=DataType.FLOAT64, unit="deg", ucd="pos.eq.dec;meta.main", principal=True),
    Column(
        name="flags",
        type=DataType.INT32,
        description=Text(en="Marks <b>& more</b>"),
        bits=(Bit(bit=0, name="DOUBLE", description=Text(en="double star", zh="双星")),),
    ),
)
META = TableMeta(
    schema_name="hipparcos_hip2",
    name="main",
    columns=COLUMNS,
    id_column="hip",
    nrows=117955,
    positions=(Position(ra="ra", dec="dec", main=True, epoch=1991.25),),
)
_OPEN = AccessView()
_SHUT = AccessView(
    level=Level.EXISTENCE,
    public=Level.EXISTENCE,
    opens=4102444800.0,
    apply=Text(en="Write to us.", zh="请来信申请。"),
)


def _table(access: AccessView = _OPEN, dataset: str = HIP) -> TableCard:
    return TableCard(
        words="hip identifier 编号 ra pos.eq.ra;meta.main dec flags marks <b>& more</b>",
        dataset=dataset,
        name="main",
        qualified_name=META.qualified_name,
        title=Text(en="Main table", zh="主表"),
        description=Text(en="Astrometry of stars", zh="恒星天体测量"),
        columns=tuple(c.name for c in COLUMNS),
        rows=117955 if access.rows else None,
        has_position=True,
        access=access,
    )


def _card(name: str, access: AccessView) -> DatasetCard:
    return DatasetCard(
        id=name,
        collection=name.partition("/")[0],
        collection_title=Text(en="Hipparcos", zh="依巴谷"),
        title=Text(en="Hipparcos, new reduction", zh="依巴谷新归算"),
        description=Text(en="A catalogue", zh="星表"),
        released=1_190_000_000.0,
        numbers=Numbers(1, 1, 117955, 0, 0),
        tables=(_table(access, name),),
        simulated=name == HIP,
        access=access,
    )


def _collection(*cards: DatasetCard) -> CollectionCard:
    return CollectionCard(
        cards[0].collection,
        cards[0].collection_title,
        Text(en="Satellite", zh="卫星"),
        cards,
        Numbers(1, 1, 117955, 3, 0),
        current=cards[0].id if len(cards) > 1 else None,
    )


SPECTRA = SetCard("lrs", "spectrum", Text(en="Spectra", zh="光谱"), Text(), 3, 3, 3, 123456)


class FakeSource:
    """Implements `tianku.pages.ports.source.Source`."""

    def __init__(self) -> None:
        self.seen: list[Principal] = []

    #: where jobs are prepared; their results are nowhere unless a test sets it
    jobs_at: Any = SimpleNamespace(data_root=Path("/nowhere"))

    def desk(self) -> Desk:
        return cast(Desk, self.jobs_at)

    def site(self, principal: Principal) -> SiteView:
        self.seen.append(principal)
        return SiteView(
            title=Text(en="Test Vault", zh="测试天库"),
            publisher=Text(en="Observatory", zh="天文台"),
            acknowledgement=Text(en="Thank us.", zh="请致谢。"),
            numbers=Numbers(2, 2, 1234567, 3, 10),
            collections=tuple(self._collections(principal)),
            version="0",
            authority="test.authority",
            contact="a@example.org",
        )

    def datasets(self, principal: Principal) -> Sequence[DatasetCard]:
        return [_card(HIP, _OPEN), _card(CLOSED, self._access(principal))]

    def dataset(self, principal: Principal, dataset: str) -> DatasetView:
        card = self._find(principal, dataset)
        spectra = SetCard(
            "lrs",
            "spectrum",
            Text(en="Spectra", zh="光谱"),
            Text(),
            3,
            3,
            3,
            123456,
            (Service("SSA", f"/vo/{dataset}/lrs/ssa"),),
        )
        return DatasetView(
            card=card,
            collection=_collection(card),
            schema_name="hipparcos_hip2",
            revision=2,
            created="2026-01-01T00:00:00Z",
            sets=(spectra,),
            services=(Service("TAP", "/vo/tap", Text(en="ADQL", zh="ADQL 查询")),),
            versions=(VersionView("hipparcos/hip1", "hip1", False, True),),
            creators=("van Leeuwen",),
            citation=CitationView(Text(en="Cite it"), ("2007A&A...474..653V",), "10.1/x", "CSTR:12345.12.a"),
            acknowledgement=Text(en="Thanks", zh="感谢"),
            licence="CC-BY-4.0",
            links=(Link(Text(en="ESA"), "https://example.org"),),
            keywords=("astrometry",),
            facility="Hipparcos",
            instrument="main",
            coverage="3/3 10 4/16-18 22" if card.access.rows else None,
            years="1989–1993",
            wavebands=("Optical",),
            parent=Related("hipparcos", Text(en="The mission", zh="卫星任务")),
            children=(Related("hipparcos/double", Text(en="Double stars", zh="双星")),),
        )

    def table(self, principal: Principal, dataset: str, name: str) -> TableView:
        card = self._find(principal, dataset)
        if name != "main":
            raise NotFoundError("table.unknown", "no table {name} in {dataset}", name=name, dataset=dataset)
        statistics = ColumnStatistics(nulls=5, minimum=1, maximum=120404) if card.access.rows else None
        return TableView(
            dataset=card,
            collection=_collection(card),
            card=_table(card.access, dataset),
            meta=META,
            columns=tuple(ColumnView(column, statistics) for column in COLUMNS),
            services=(Service("SCS", f"/vo/{dataset}/main/scs"),),
            coverage="1/0-47",
            updated="2026-01-01",
        )

    def product(self, principal: Principal, dataset: str, product_set: str, key: str) -> ProductView:
        if key == "busy":
            raise TransientError("test.busy", "later", retry_after=7)
        if key == "broken":
            raise RuntimeError("a detail that must not be shown")
        card = self._find(principal, dataset)
        if not card.access.files:
            raise AuthError(
                "policy.closed", "{what} is not public: {hint}", what=key, hint="ask", login=principal.anonymous
            )
        spectra = SetCard("lrs", "spectrum", Text(en="Spectra", zh="光谱"), Text(), 3, 3, 3, 1)
        return ProductView(
            dataset=card,
            collection=_collection(card),
            set=spectra,
            key=key,
            did=f"ivo://test.authority/{dataset}/lrs?{key}",
            title="LAMOST J1",
            facts=(Fact(Text(en="Exposure", zh="曝光"), "1800", "s", "EXPTIME"),),
            parts=(PartView("COADD_B", "coadd", "B", "2018-01-01T00:00:00Z", 1800.0, 12.5, 3909),),
            files=(FileView("spec.fits.gz", "science", "/download/x", "application/fits", 4321),),
            data_url=f"/api/v1/products/{key}/spectrum",
            viewer="spectrum",
            ra=1.0,
            dec=2.0,
        )

    def collection(self, principal: Principal, name: str) -> CollectionCard:
        return next(one for one in self._collections(principal) if one.id == name)

    def latest(self, principal: Principal, prefix: str) -> str:
        return f"{prefix}/hip2"

    def difference(
        self, principal: Principal, dataset: str, other: str, table: str | None, offset: int, limit: int
    ) -> DifferenceView:
        card, older = self._find(principal, dataset), self._find(principal, other)
        tables = DatasetDifference(
            dataset=dataset, other=other, added=("fresh",), removed=("gone",), common=("stars",)
        )
        view = DifferenceView(card, _collection(card), older, tables)
        if table is None:
            return view
        columns = (
            ColumnDifference(name="teff", state="retyped", old_type="float64", new_type="float32", changed=3),
        )
        found = TableDifference(
            dataset=dataset, revision=2, other=other, other_revision=1, table=table, id="obsid", old_rows=10,
            new_rows=12, added=3, removed=1, changed=2, columns=columns,
        )  # fmt: skip
        return replace(view, found=found, lines=(("7", "changed", "teff", "1.5", "2.5"),), more=True)

    def products(
        self, principal: Principal, dataset: str, product_set: str, offset: int, limit: int
    ) -> ProductListView:
        card = self._find(principal, dataset)
        spectra = SetCard("lrs", "spectrum", Text(en="Spectra", zh="光谱"), Text(), TOTAL, TOTAL, TOTAL, 1)
        rows = tuple(
            ProductRow(f"{n:04d}", f"J{n}", "STAR", 1.5, -2.0, "2018-01-01T00:00:00Z", 1800.0, 12.345, 2)
            for n in range(offset, min(offset + limit, TOTAL))
        )
        return ProductListView(card, _collection(card), spectra, TOTAL, rows)

    def catalogue(self, principal: Principal, wanted: Wanted) -> CatalogueView:
        self.wanted = wanted
        link = Link(Text(en="ESA"), "https://example.org")
        groups = tuple(
            Group(
                one,
                tuple(
                    EntryView(card, ("catalogue",), ("Optical",), "Hipparcos", "1989–1993", (link,))
                    for card in one.datasets
                ),
            )
            for one in self._collections(principal)
        )
        values = {
            "type": [Value("catalogue", 2, "catalogue" in wanted.chosen["type"]), Value("spectrum", 1234, False)]
        }
        values["facility"] = [Value(f"facility {n}", n, False) for n in range(12)]
        return CatalogueView(groups if wanted.words != "nothing" else (), values, 3, 7)

    def downloads(self, principal: Principal, dataset: str) -> DownloadsView:
        card = self._find(principal, dataset)
        file = Download(
            name="x.fits.gz", table="main", format="fits", bytes=123456, sha256="ab" * 32, rows=3, modified=0
        )
        offered = [Offered(file, f"/sas/{dataset}/catalogues/x.fits.gz", card.access.files)]
        return downloads_view(card, _collection(card), offered if card.access.rows else [], [SPECTRA])

    def _collections(self, principal: Principal) -> list[CollectionCard]:
        hipparcos, lamost = self.datasets(principal)
        return [_collection(hipparcos), _collection(lamost, replace(lamost, id="lamost/dr12/v1.0"))]

    def _access(self, principal: Principal) -> AccessView:
        return AccessView(Level.DATA, Level.EXISTENCE) if "lamost" in principal.groups else _SHUT

    def _find(self, principal: Principal, dataset: str) -> DatasetCard:
        found = next((card for card in self.datasets(principal) if card.id == dataset), None)
        if found is None:
            raise NotFoundError("dataset.unknown", "there is no data set {dataset}", dataset=dataset)
        return found
