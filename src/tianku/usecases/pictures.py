"""Load the picture of the current generation, with the site tables that go with it."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tianku
from tianku.catalogue.site_tables import (
    BuiltTable,
    DerivedTable,
    ObsCoreFile,
    SiteSchema,
    SiteTable,
    build_site_tables,
    load_site_tables,
)
from tianku.catalogue.store import SnapshotStore
from tianku.catalogue.tap_schema import SameAudience, related
from tianku.model.access import Rule
from tianku.model.metadata import Position, TableMeta
from tianku.model.text import Text
from tianku.planner.stored import Stored
from tianku.products import epntap
from tianku.products.obscore_columns import OBSCORE_COLUMNS
from tianku.state import repositories
from tianku.usecases.picture import Picture, Published, PublishedSet, build_picture
from tianku.usecases.viewer import OBSCORE_UTYPE


def snapshot_store(data_root: Path) -> SnapshotStore:
    """Return the store of an installation's snapshots."""
    return SnapshotStore(data_root / "snapshots")


def serving_root(data_root: Path) -> Path:
    """Return the folder of all serving copies: a cache, outside the snapshots."""
    return data_root / "cache" / "serving"


def serving_copies(data_root: Path, dataset: str, revision: int) -> Path:
    """Return the folder of a snapshot's serving copies."""
    return serving_root(data_root) / f"{dataset}@{revision}"


def serving_copy(data_root: Path, dataset: str, revision: int, table: str) -> Path:
    """Return where the serving copy of a table belongs."""
    return serving_copies(data_root, dataset, revision) / f"{table}.duckdb"


#: raised when the layout of the site tables changes, so that cached ones are made anew
SITE_FORMAT = 5
#: site tables kept for generations that servers may still show
KEPT_SITES = 8

#: ``ivoa.ObsCore`` as queries see it
OBSCORE_TABLE = TableMeta(
    schema_name="ivoa",
    name="obscore",
    kind="system",
    title=Text(en="ObsCore", zh="ObsCore 观测数据"),
    description=Text(en="Every product of this site, one row each, as ObsCore 1.1 says"),
    utype=OBSCORE_UTYPE,
    columns=OBSCORE_COLUMNS,
    positions=(Position(name="target", ra="s_ra", dec="s_dec", main=True),),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture, and where the rows of the site tables are, by qualified name."""

    picture: Picture
    system: dict[str, Stored]


class PictureSource:
    """Makes pictures from the state database and the snapshots."""

    def __init__(self, data_root: Path) -> None:
        self.data_root = data_root
        self.store = snapshot_store(data_root)
        self._cache = data_root / "cache" / "site"
        self._known: dict[tuple[str, int], Published] = {}

    def load(self) -> Loaded:
        """Return the picture of the current generation; its site tables are built when they are not there."""
        generation, records, overrides = repositories.snapshot()
        shown = [self._published(r.dataset, r.revision) for r in records if r.state == "published"]
        self._known = {(p.dataset, p.revision): p for p in shown}
        picture = self._picture(generation, shown, overrides)
        tables = self._site_tables(picture, shown)
        system = {name.lower(): table.meta for name, table in tables.items()}
        return Loaded(
            dataclasses.replace(picture, system=system),
            {table.meta.qualified_name: _stored(table, picture) for table in tables.values()},
        )

    def prepare(self, dataset: str, revision: int | None) -> None:
        """Build the site tables that will be needed once `revision` of `dataset`, or nothing of it, is shown."""
        _, records, overrides = repositories.snapshot()
        kept = [r for r in records if r.state == "published" and r.dataset != dataset]
        shown = [self._published(r.dataset, r.revision) for r in kept]
        if revision is not None:
            shown.append(self._published(dataset, revision))
        self._site_tables(self._picture(0, shown, overrides), shown)
        self._forget_old()

    def _forget_old(self) -> None:
        made = sorted(self._cache.glob("[0-9a-f]*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in made[KEPT_SITES:]:
            shutil.rmtree(folder, ignore_errors=True)  # servers keep what they have open

    def _published(self, dataset: str, revision: int) -> Published:
        """Read a manifest once: a snapshot never changes."""
        known = self._known.get((dataset, revision))
        if known is not None:
            return known
        manifest = self.store.load(dataset, revision)
        others = {ref: self.store.path(ref.dataset, ref.revision) for ref in manifest.refs()}
        return Published(dataset, revision, self.store.path(dataset, revision), manifest, others)

    def _picture(self, generation: int, shown: Sequence[Published], overrides: Mapping[str, Rule]) -> Picture:
        return build_picture(generation, shown, overrides)

    def _site_tables(self, picture: Picture, shown: Sequence[Published]) -> dict[str, BuiltTable]:
        names = [f"{p.dataset}@{p.revision}" for p in sorted(shown, key=lambda p: p.dataset)]
        text = "\n".join([tianku.__version__, str(SITE_FORMAT), *names, *sorted(audiences(picture))])
        out = self._cache / hashlib.sha256(text.encode()).hexdigest()[:24]
        if out.is_dir():
            return load_site_tables(out, OBSCORE_TABLE, _epn_tables(picture))
        self._cache.mkdir(parents=True, exist_ok=True)
        return build_site_tables(
            out,
            _schemas(picture),
            OBSCORE_TABLE,
            _obscore_files(picture),
            _epn_tables(picture),
            same_audience=_same_audience(picture),
        )


def audiences(picture: Picture) -> list[str]:
    """Return which relations have one audience, as text: no more of the policy is in the site tables."""
    same = _same_audience(picture)
    tables = [table for schema in _schemas(picture) for table in schema.tables]
    return [f"{one}-{other}:{same(one, other)}" for one, other in related(tables)]


def _same_audience(picture: Picture) -> SameAudience:
    rules = picture.rules()
    return lambda left, right: rules.get(left) == rules.get(right)


def _schemas(picture: Picture) -> list[SiteSchema]:
    return [
        SiteSchema(
            dataset.number,
            dataset.schema_name,
            tuple(SiteTable(t.number, t.meta) for t in dataset.tables.values()),
            str(dataset.config.title or dataset.id),
        )
        for dataset in picture.datasets.values()
        if dataset.tables or any(map(_in_epn, dataset.sets.values()))
    ]


def _obscore_files(picture: Picture) -> list[ObsCoreFile]:
    return [
        ObsCoreFile(one.number, one.obscore, one.manifest.by_row)
        for dataset in picture.datasets.values()
        for one in dataset.sets.values()
        if one.obscore is not None and "obscore" in one.config.protocols
    ]


def _epn_tables(picture: Picture) -> list[DerivedTable]:
    """``epn_core`` of every data set that has product sets with ``protocols: [epntap]``."""
    found = []
    for dataset in picture.datasets.values():
        sets = [one for one in dataset.sets.values() if _in_epn(one)]
        if not sets:
            continue
        made = {
            one.number: epntap.expressions(
                one.name, one.manifest.type, one.config.epntap, created=dataset.created,
                title=dataset.schema_name, publisher=str(dataset.collection.title),
            )
            for one in sets
        }  # fmt: skip
        meta = TableMeta(
            schema_name=dataset.schema_name, name=epntap.NAME, kind="system", utype=epntap.UTYPE,
            title=Text(en="EPN-TAP", zh="EPN-TAP"), columns=epntap.COLUMNS,
            description=Text(en=f"Products of {dataset.config.title or dataset.id} as EPN-TAP 2.0 says"),
        )  # fmt: skip
        found.append(DerivedTable(dataset.number, meta, made))
    return found


def _in_epn(one: PublishedSet) -> bool:
    listed = one.obscore is not None and "obscore" in one.config.protocols
    return listed and "epntap" in one.config.protocols and one.manifest.type in epntap.TYPES


def _stored(table: BuiltTable, picture: Picture) -> Stored:
    is_obscore = table.meta.qualified_name == OBSCORE_TABLE.qualified_name
    return Stored(
        uid=f"{table.serving.parent.name}.{table.meta.qualified_name}",
        schema=table.schema,
        nrows=_obscore_rows(picture) if is_obscore else 0,
        serving=str(table.serving),
    )


def _obscore_rows(picture: Picture) -> int:
    sets = (one for dataset in picture.datasets.values() for one in dataset.sets.values())
    return sum(one.manifest.parts if one.config.rows_for == "part" else one.manifest.products for one in sets)
