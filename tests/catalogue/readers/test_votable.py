"""VOTable files as tables: real ones equal to an independent read, opened from every kind of file."""

import gzip
import re
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from astropy.io.votable import parse

from tests.formats.votable_read.documents import cells, document, field, tabledata
from tests.formats.votable_read.test_serialisations import fits_stream, plain, stream
from tianku.catalogue.readers import TableSource, open_table, sniff
from tianku.formats.votable_read import list_tables
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError

#: real documents without a table, and how that is said
REJECTED = {"ned_error.xml": "votable.query_status"}
BINARY = {"gaia_dr3.b64", "pyvo_dal_scs_result.xml"}
REAL = [
    "1710099405832VAL-result.vot",
    "TS_gaia_ESAC.xml",
    "alma-datalink-recurse-aux.xml",
    "alma-datalink-recurse-this.xml",
    "cone_search.vot",
    "gaia_dr3.b64",
    "gemini.xml",
    "ned_query_diameters.xml",
    "ned_query_iau_format.xml",
    "ned_query_near_name.xml",
    "ned_query_near_position.xml",
    "proper_motion.xml",
    "pyvo_dal_scs_result.xml",
    "pyvo_dal_sia2_dataset.xml",
    "pyvo_dal_sia_dataset.xml",
    "pyvo_dal_ssa_result.xml",
    "pyvo_dal_tap_obscore-image.xml",
    "pyvo_datalink-obscore.xml",
    "pyvo_datalink-ssa.xml",
    "pyvo_datalink.xml",
    "sdss12.vot",
    "sed_result.vot",
    "skybot_query.vot",
    "topcat_messier.xml",
    "viz.xml",
]


def rows_of(path: Path, **config: object):
    reader = open_table(TableSource(path, config=SourceConfig(**config)))
    refused: list[object] = []
    rows = [r for b in reader.batches(lambda *said: refused.append(said)) for r in b.batch.to_pylist()]
    assert not refused
    return reader, rows


def by_elements(path: Path) -> list[list[str]]:
    """The texts of the cells of the first table with rows: what any XML parser sees."""

    def local(element: ElementTree.Element) -> str:
        return element.tag.rpartition("}")[2]

    data = next(e for e in ElementTree.parse(path).iter() if local(e) == "TABLEDATA" and len(e))
    return [[(cell.text or "").strip() for cell in row] for row in data]


def same(ours: object, text: str) -> bool:
    """True when a value is what its text says, null being an empty text or a VALUES null."""
    if ours is None:
        return text in ("", "-1", "-32768", "NaN", "null")
    if isinstance(ours, bool):
        return text.lower() in (("true", "t", "1") if ours else ("false", "f", "0"))
    if isinstance(ours, str):
        return ours == text
    if isinstance(ours, list):
        return ours == pytest.approx([float(t) for t in text.split()], nan_ok=True)
    return ours == pytest.approx(float(text), rel=1e-6, nan_ok=True)


def test_every_document_here_is_tested(test_data):
    found = {p.name for p in (test_data / "votable").iterdir() if re.search(rb"<(\w+:)?VOTABLE\b", p.read_bytes())}
    assert found == {*REAL, *REJECTED}


@pytest.mark.parametrize("name", sorted(set(REAL) - BINARY))
def test_real_tabledata_equals_its_elements(test_data, name):
    path = test_data / "votable" / name
    _, rows = rows_of(path)
    expected = by_elements(path)
    assert len(rows) == len(expected) > 0
    for number, (row, texts) in enumerate(zip(rows, expected, strict=True)):
        for (column, value), text in zip(row.items(), texts, strict=True):
            assert same(value, text), (number, column, value, text)


@pytest.mark.parametrize("name", sorted(set(REAL) - {"topcat_messier.xml"}))
def test_real_tables_equal_astropy(test_data, name):
    path = test_data / "votable" / name
    reader, rows = rows_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = next(t for t in parse(path, verify="ignore").iter_tables() if len(t.array))
    assert [f.metadata.get(b"ucd", b"").decode() if f.metadata else "" for f in reader.schema] == [
        (f.ucd or "").strip() for f in theirs.fields
    ]
    for index, declared in enumerate(theirs.fields):
        ours, expected = comparable(
            [list(row.values())[index] for row in rows], [plain(v) for v in theirs.array[declared.ID]], declared
        )
        np.testing.assert_equal(ours, expected, err_msg=f"{name} {declared.name}")


def comparable(ours, theirs, declared):
    """Two columns without what astropy does in its own way."""
    if declared.datatype == "char" and declared.arraysize in (None, "1"):
        ours = [v and v[:1] for v in ours]  # it keeps one letter, whatever the cell holds
    elif declared.datatype in ("float", "double") and declared.arraysize in (None, "1"):
        ours = [None if v is not None and np.isnan(v) else v for v in ours]  # it masks NaN, too
    elif declared.datatype == "float":
        ours, theirs = ([np.float32(v).tolist() for v in values] for values in (ours, theirs))
    elif declared.datatype not in ("char", "unicodeChar"):
        theirs = [None if v is None else w for v, w in zip(ours, theirs, strict=True)]  # empty: 0 before 1.3
    return ours, theirs


@pytest.mark.parametrize("name,code", REJECTED.items())
def test_real_rejects_have_a_code(test_data, name, code):
    with pytest.raises(UsageError) as caught:
        rows_of(test_data / "votable" / name)
    assert caught.value.code == code and name in caught.value.message


def test_metadata_of_a_real_table(test_data):
    reader, _ = rows_of(test_data / "votable" / "1710099405832VAL-result.vot")
    ra = {k.decode(): v.decode() for k, v in reader.schema.field("ra").metadata.items()}
    assert ra["system"] == "ICRS" and ra["epoch"] == "J2016.0" and ra["unit"] == "deg"
    assert reader.total is None


@pytest.mark.parametrize(
    "data",
    [
        tabledata(field("x"), cells(7)),
        gzip.compress(tabledata(field("x"), cells(7))),
        b"\n<!-- made by hand -->" + tabledata(field("x"), cells(7)).partition(b"?>")[2],
        tabledata(field("x"), cells(7)).replace(b"VOTABLE", b"v:VOTABLE").partition(b"?>")[2],
        tabledata(field("x"), cells(7)).decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"),
    ],
)
def test_votables_are_known_by_their_first_bytes(tmp_path, data):
    path = tmp_path / "table.dat"
    path.write_bytes(data)
    assert sniff(TableSource(path)) == "votable"
    assert rows_of(path)[1] == [{"x": 7}]


def test_fits_inside_a_votable(tmp_path):
    fields = field("x", unit="deg") + field("x", "char", arraysize="5", ucd="meta.id")
    path = tmp_path / "table.vot"
    path.write_bytes(document(fields, stream(fits_stream(), "FITS")))
    reader, rows = rows_of(path)
    assert rows == [{"x": 1, "x_2": "a"}, {"x": None, "x_2": None}, {"x": 3, "x_2": "c d"}]
    assert reader.schema.field("x").metadata[b"unit"] == b"deg"
    path.write_bytes(document(field("x"), stream(fits_stream(), "FITS")))
    with pytest.raises(UsageError, match="it has 1 fields, its FITS table 2 columns"):
        open_table(TableSource(path))


def test_one_of_several_tables(test_data):
    path = test_data / "votable" / "viz.xml"
    with path.open("rb") as file:
        tables = [t for t in list_tables(file, path.name) if t.serialisation]
    last = tables[-1]
    for wanted in (last.number, last.id, last.name):
        reader, rows = rows_of(path, hdu=wanted)
        assert len(reader.schema) == len(last.fields) and len(rows) >= 1


def test_a_truncated_file_keeps_its_rows_and_counts_the_missing(test_data, tmp_path):
    whole = (test_data / "votable" / "gaia_dr3.b64").read_bytes()
    path = tmp_path / "cut.vot"
    path.write_bytes(whole[:30_000])
    told: list[tuple[object, ...]] = []
    reader = open_table(TableSource(path))
    rows = sum(len(b.batch) for b in reader.batches(lambda *said: told.append(said)))
    assert reader.total == 50 and 0 < rows < 50
    assert [t[:2] + t[3:] for t in told] == [(rows + 1, "truncated file", 50 - rows)]
