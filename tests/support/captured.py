"""The replies that were captured of the LAMOST OpenAPI, and an installation of the tables they tell of."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.support.state import empty_state
from tianku.state import repositories as state
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

RELEASE = "lamost/dr10/v2.0"
#: a later one that only the group may have, and one that nobody else may know of
INTERNAL, SECRET = "lamost/dr11/v0", "lamost/dr12/v0"
_VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
_TYPES = {"long": pa.int64(), "int": pa.int32(), "double": pa.float64(), "char": pa.string(), "date": pa.date32()}
Row = dict[str, Any]


@dataclass(frozen=True)
class Captured:
    """The folder of replies, and what they say."""

    folder: Path

    def json(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """Columns by table."""
        return {one["table_name"]: one["columns"] for one in self.json("tables_metadata_response")}

    def votable(self, name: str) -> tuple[list[dict[str, str]], list[Row]]:
        """Attributes of the fields, and rows of texts (None where a cell is empty)."""
        root = ET.parse(self.folder / f"{name}.xml").getroot()
        fields = [dict(one.attrib) for one in root.iter(f"{_VOTABLE}FIELD")]
        names = [one["name"] for one in fields]
        rows = [[cell.text for cell in row] for row in root.iter(f"{_VOTABLE}TR")]
        return fields, [dict(zip(names, row, strict=True)) for row in rows]

    @cached_property
    def cone(self) -> list[Row]:
        return self.votable("conesearch_response")[1]

    @cached_property
    def ssap(self) -> list[Row]:
        return self.votable("ssap_response")[1]

    @cached_property
    def decimals(self) -> dict[str, int]:
        """Digits after the point, as the columns with decimals are written."""
        rows = [*self.cone, *self.ssap, *self.json("sql_response_json"), *self.json("metadata_response")["rows"]]
        doubles = {one["column_name"] for one in self.tables["combined"] if one["datatype"] == "double"}
        texts = {(n, v) for row in rows for n, v in row.items() if n in doubles and isinstance(v, str)}
        found: dict[str, int] = {}
        for name, value in texts:
            found[name] = max(found.get(name, 0), len(value.partition(".")[2]))
        return found

    @cached_property
    def combined(self) -> list[Row]:
        """Every row of the joined table that some reply has."""
        rows = [*self.cone, *self.ssap, *self.json("sql_response_json"), *self.json("metadata_response")["rows"]]
        return list({int(row["obsid"]): row for row in rows}.values())


def columns_of(rows: list[Row], columns: list[Row]) -> pa.Table:
    """Return rows of texts as columns of the types that the schema says."""
    kinds = [_TYPES.get(one["datatype"], pa.string()) for one in columns]
    names = [one["column_name"] for one in columns]
    cells = [pa.array([_value(row.get(n), k) for row in rows], k) for n, k in zip(names, kinds, strict=True)]
    return pa.table(dict(zip(names, cells, strict=True)))


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_string(kind):
        return str(value)
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    return float(value) if pa.types.is_floating(kind) else int(value)


@dataclass(frozen=True)
class LamostSite:
    """An installation on disk with a member of the group, by token."""

    root: Path
    token: str


def build_lamost(root: Path, captured: Captured, rows: list[Row]) -> LamostSite:
    """Publish the tables that the replies tell of, with `rows` in the joined one, and a spectrum of each kind."""
    sources = root / "sources"
    spectra = {"spectra": next(captured.folder.glob("spec-*.fits.gz"))}
    spectra["med-spectra"] = min((captured.folder.parents[1] / "lamost-spectra").rglob("med-*.fits.gz"))
    for name, file in spectra.items():
        (sources / name / "20150913").mkdir(parents=True)
        (sources / name / "20150913" / file.name).symlink_to(file)
    for name, columns in captured.tables.items():
        pq.write_table(columns_of(_rows(name, columns, captured, rows), columns), sources / f"{name}.parquet")
    _configure(root, captured)
    (root / "data").mkdir()
    with empty_state(root / "data"):
        for dataset in (RELEASE, INTERNAL, SECRET):
            ingest_dataset(root, dataset)
            publish(root, dataset)
        make_downloads(root, RELEASE)
        with state.session():
            state.create_user("member", password="a long pass phrase", groups=("lamost",))
            token = state.create_token("member")[0]
    return LamostSite(root, token)


def _rows(name: str, columns: list[Row], captured: Captured, rows: list[Row]) -> list[Row]:
    """Rows of a table: of the joined ones those given; epochs of the source whose epochs were captured."""
    names = {one["column_name"] for one in columns}
    epochs = captured.json("unique_id_response")
    if name in ("combined", "catalogue"):
        return rows + _epochs(name, epochs, "obsid-low", {int(row["obsid"]) for row in rows})
    if name in ("med_combined", "med_catalogue"):
        return _epochs(name, epochs, "obsid-medium", set())
    if name == "stellar":
        return [row for row in rows if row.get("teff") is not None]
    return rows[:5] if "obsid" in names and "med" not in name else [_made_up(columns)]


def _made_up(columns: list[Row]) -> Row:
    """A row for a table of which no reply has one: empty ones are not published."""
    values = {"date": "2020-01-01", "char": "1"}
    return {one["column_name"]: values.get(one["datatype"], 1) for one in columns}


def _epochs(name: str, epochs: Row, which: str, known: set[int]) -> list[Row]:
    made = []
    for obsid in epochs[which]:
        if obsid not in known:
            row = {"obsid": obsid, "mobsid": f"{obsid}1", "uid": epochs["uid"], "ra": 97.26, "dec": 20.60}
            made.append(row | {"ra_obs": 97.26, "dec_obs": 20.60})
    return made


def _configure(root: Path, captured: Captured) -> None:
    folder = root / "collections/lamost"
    team = ["group:lamost"]
    compat = {
        "lamost_openapi": {
            "tables": {"lrs": "combined", "mrs": "med_combined"},
            "decimals": captured.decimals,
            "pubdid": "ivo://china-vo.org/data/{dataset}/spectrum/fits/{key}",
        },
        "legacy_roots": ["/{release}/{version}"],
        "nadc": {"catname": "lamost", "decimals": captured.decimals},
    }
    site = {"authority": "test.example", "title": {"en": "Test", "zh": "测试"}, "sources": {"lamost": "sources"}}
    _write(root / "site.yaml", site)
    _write(folder / "collection.yaml", {
        "collection": "lamost", "title": {"en": "LAMOST", "zh": "郭守敬望远镜"}, "compat": compat,
        "releases": [{"id": f"dr{n}", "versions": ["v0", "v2.0"]} for n in (10, 11, 12)],
        "telescope": {"lon": 117.58, "lat": 40.39, "height": 960, "local_time": "+08:00"},
        "groups": {"lamost": {"title": "LAMOST"}},
    })  # fmt: skip
    _write(folder / "dr10/v2.0/dataset.yaml", {
        "dataset": RELEASE,
        "title": "LAMOST DR10 v2.0",
        "downloads": ["fits"],
        "tables": {name: _table(name, captured.tables[name]) for name in _ordered(captured.tables)},
        "identity": {"from": ["mec", "med_mec"], "uid": "uid"},
        "products": {name: _spectra(name) for name in ("lrs", "mrs")},
    })  # fmt: skip
    for dataset, existence in ((INTERNAL, ["public"]), (SECRET, team)):
        access = {"existence": existence, "metadata": team, "data": team}
        small = {name: _table(name, captured.tables[name]) for name in ("combined", "stellar")}
        _write(folder / dataset.partition("/")[2] / "dataset.yaml", {
            "dataset": dataset, "title": dataset, "tables": small, "access": access,
            "products": {"lrs": _spectra("lrs")},
        })  # fmt: skip


def _ordered(tables: dict[str, list[Row]]) -> list[str]:
    """General catalogues first: epochs are looked for in them."""
    first = ("catalogue", "med_catalogue")
    return [*first, *(name for name in tables if name not in first)]


def _spectra(name: str) -> Row:
    return {
        "type": "spectrum", "from": "spectra/**/*.fits.gz" if name == "lrs" else "med-spectra/**/*.fits.gz",
        "reader": "lamost", "obscore": {"calib_level": 2, "target_name": "DESIG"},
        "key": {"first": ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]},
    }  # fmt: skip


def _table(name: str, columns: list[Row]) -> Row:
    titles = {"combined": "LAMOST LRS Combined Catalogue"}
    names = {one["column_name"] for one in columns}
    said: Row = {
        "from": f"{name}.parquet",
        "title": titles.get(name, name),
        "columns": [_column(c) for c in columns],
    }
    if name in ("combined", "catalogue", "stellar"):
        said |= {"id": "obsid", "product": {"set": "lrs", "key": "obsid"}}
    elif name in ("med_combined", "med_catalogue"):
        said |= {"id": "mobsid", "product": {"set": "mrs", "key": "obsid"}}
    if {"ra", "dec"} <= names:
        said["positions"] = [{"name": "target", "ra": "ra", "dec": "dec", "main": True}]
    return said


def _column(column: Row) -> Row:
    said = {"name": column["column_name"], "description": column["description"], "ucd": column["ucd"]}
    return {key: value for key, value in said.items() if value}


def _write(path: Path, said: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), "utf-8")
