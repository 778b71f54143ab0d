"""Text tables that describe themselves (ECSV, CDS, IPAC, VizieR): equal to astropy, with units and nulls."""

import gzip

import numpy as np
import pytest
from astropy import units as u
from astropy.io import ascii as theirs
from astropy.table import Table

from tianku.catalogue.readers import TableSource, open_table, sniff
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError


def read(path, rejects=None, **options):
    reader = open_table(TableSource(path, **options))
    found = [] if rejects is None else rejects
    batches = list(reader.batches(lambda *said: found.append(said)))
    assert rejects is not None or not found
    return reader, [row for b in batches for row in b.batch.to_pylist()]


def meta(reader, name):
    return {k.decode(): v.decode() for k, v in (reader.schema.field(name).metadata or {}).items()}


def same(rows, table):
    """Every value of a masked astropy table equals the rows read."""
    assert len(rows) == len(table)
    for name in table.colnames:
        column = table[name]
        mask = np.broadcast_to(np.ma.getmaskarray(column), len(table))
        expected = [
            None if m else v.item() if hasattr(v, "item") else v for v, m in zip(column, mask, strict=True)
        ]
        assert [r[name] for r in rows] == expected, name


@pytest.fixture
def stars():
    random = np.random.default_rng(8)
    table = Table(
        {
            "id": np.arange(1, 60),
            "name": [f"star {i}" for i in range(1, 60)],
            "ra": random.uniform(0, 360, 59),
            "mag": np.round(random.normal(12, 2, 59), 3),
            "n": random.integers(0, 9, 59).astype("i2"),
        },
        masked=True,
    )
    table["mag"].unit, table["mag"].description = u.mag, "Magnitude in V"
    table["ra"].unit = u.deg
    table["mag"].mask[[3, 17]] = True
    return table


@pytest.mark.parametrize("delimiter", [" ", ","])
def test_ecsv(tmp_path, stars, delimiter):
    stars["flag"] = stars["id"] % 2 == 0
    stars["vector"] = np.arange(59 * 3).reshape(59, 3)
    stars["list"] = [np.arange(i % 4) / 3 for i in range(59)]
    stars["tree"] = [{"k": i} for i in range(59)]
    stars["image"] = np.arange(59 * 4.0).reshape(59, 2, 2)
    stars.meta = {"note": "a: b", "nested": {"unit": u.m}}
    path = tmp_path / "t.ecsv"
    stars.write(path, format="ascii.ecsv", delimiter=delimiter)
    assert sniff(TableSource(path)) == "ecsv"
    reader, rows = read(path)
    same(rows, stars["id", "name", "ra", "mag", "n", "flag"])
    assert [r["vector"] for r in rows] == stars["vector"].tolist()
    assert [r["list"] for r in rows] == [v.tolist() for v in stars["list"]]
    assert rows[5]["tree"] == '{"k":5}' and meta(reader, "tree") == {"xtype": "json"}
    assert rows[1]["image"] == "[[4.0,5.0],[6.0,7.0]]" and meta(reader, "image") == {"xtype": "json"}
    assert meta(reader, "mag") == {"unit": "mag", "description": "Magnitude in V"}
    kinds = {f.name: str(f.type) for f in reader.schema}
    assert kinds["n"] == "int16" and kinds["flag"] == "bool" and kinds["list"] == "list<item: double>"
    assert kinds["vector"].startswith("fixed_size_list") and reader.schema.field("vector").type.list_size == 3


def test_ecsv_rows_with_other_arrays_are_refused(tmp_path):
    path = tmp_path / "t.ecsv"
    columns = "- {name: a, datatype: int64}\n# - {name: v, datatype: string, subtype: 'int64[2]'}"
    lines = ["a v", "1 [1,2]", "2 [1,2,3]", "3 [1,x]", "4 oops", '5 ""', "6 [null,7]", "7 []", '8 "[1],[2]"']
    path.write_text(f"# %ECSV 1.0\n# ---\n# datatype:\n# {columns}\n" + "\n".join(lines) + "\n")
    rejects = []
    _, rows = read(path, rejects)
    assert rows == [{"a": 1, "v": [1, 2]}, {"a": 5, "v": None}, {"a": 6, "v": [None, 7]}]
    assert [r[0] for r in rejects] == [2, 3, 4, 7, 8]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("datatype: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("datatype: " + "[" * 5000, "nested deeper"),
        ("datatype: [{name: a, datatype: quark}]", "unknown type 'quark'"),
        ("datatype: {a: 1}", "no list `datatype`"),
        ("datatype: [{name: a, datatype: int64}]", "describes 1 columns, its first line names 2"),
        ("just text", "no mapping"),
        ("delimiter: '|'\n# datatype: []", "not a blank or a comma"),
        ("a: &a [x]\n# b: &b [*a,*a,*a,*a]\n# c: &c [*b,*b,*b,*b]\n# d: &d {<<: [*c,*c]}", "yaml.org,2002:merge"),
    ],
)
def test_ecsv_headers_that_are_none(tmp_path, header, reason):
    path = tmp_path / "bad.ecsv"
    path.write_text(f"# %ECSV 1.0\n# ---\n# {header}\na b\n1 2\n")
    with pytest.raises(UsageError, match="cannot be read as ECSV") as caught:
        open_table(TableSource(path))
    assert reason in caught.value.message


def test_machine_readable_table_written_by_astropy(tmp_path, stars):
    path = tmp_path / "t.mrt"
    stars.write(path, format="ascii.mrt")
    assert sniff(TableSource(path)) == "cds"
    reader, rows = read(path)
    same(rows, theirs.read(path, format="mrt"))
    assert meta(reader, "mag")["unit"] == "mag" and "Magnitude in V" in meta(reader, "mag")["description"]


README = """J/A+A/1/1      A catalogue      (Nobody, 2024)
================================================================================
File Summary:
--------------------------------------------------------------------------------
 FileName   Lrecl  Records   Explanations
--------------------------------------------------------------------------------
ReadMe         80        .   This file
table1.dat     48        4   Stars
--------------------------------------------------------------------------------

Byte-by-byte Description of file: table1.dat table2.*
--------------------------------------------------------------------------------
   Bytes Format Units   Label     Explanations
--------------------------------------------------------------------------------
   1-  3  I3    ---     Seq       [1/999] Number of
                                   the star
       4  A1    ---     ---       [|]
   5- 14  A10   ---     HD name   Name, with a blank in its label
  16- 17  I2    h       RAh       Right ascension (J2000)
  19- 20  I2    min     RAm       Right ascension (J2000)
  22- 26  F5.2  s       RAs       Right ascension (J2000)
      28  A1    ---     DE-       Sign of declination
  29- 30  I2    deg     DEd       Declination (J2000)
  32- 33  I2    arcmin  DEm       Declination (J2000)
  35- 38  F4.1  arcsec  DEs       Declination (J2000)
  40- 45  F6.3  mag     Vmag      [-1.5/]?=-9.999 Magnitude (1)
  47- 51  F5.1  km/s  e_RV        ?=- Error of velocity
--------------------------------------------------------------------------------
Note (1): from somewhere.
--------------------------------------------------------------------------------

Byte-by-byte Description of file: refs.dat
--------------------------------------------------------------------------------
   Bytes Format Units   Label     Explanations
--------------------------------------------------------------------------------
   1- 19  A19   ---     BibCode   Reference
--------------------------------------------------------------------------------
"""
SPELLED = ["Seq", "HD name", "RAh", "RAm", "RAs", "DE-", "DEd", "DEm", "DEs", "Vmag", "e_RV"]
DATA = """  1|HD 1       00 12 30.25 -00 30 01.5 12.340   1.5
  2|HD 22222   23 59 59.99 +89 59 59.9 -9.999     -
  3|           12 00 00.00 +10 00 00.0
 xx|bad row    12 00 00.00 +10 00 00.0
"""


def test_a_table_with_its_readme(tmp_path):
    (tmp_path / "ReadMe").write_text(README)
    path = tmp_path / "table1.dat.gz"
    path.write_bytes(gzip.compress(DATA.encode()))
    rejects = []
    reader, rows = read(path, rejects, readme=tmp_path / "ReadMe")
    assert reader.schema.names == [
        "Seq",
        "HD name",
        *["RAh", "RAm", "RAs", "DE-", "DEd", "DEm", "DEs", "Vmag", "e_RV"],
    ]
    assert [r["Vmag"] for r in rows] == [12.34, None, None] and [r["e_RV"] for r in rows] == [1.5, None, None]
    assert rows[0]["DE-"] == "-" and rows[1]["HD name"] == "HD 22222" and rows[2]["HD name"] is None
    assert meta(reader, "Vmag") == {"unit": "mag", "description": "Magnitude (1) (from -1.5 to …)"}
    assert meta(reader, "Seq")["description"] == "Number of the star (from 1 to 999)"
    assert rejects == [(4, "Seq", "'xx' is no int16", 1)]
    clean = tmp_path / "table2.dat"
    clean.write_text("".join(DATA.splitlines(keepends=True)[:3]).replace("    -\n", "     \n"))
    expected = theirs.read(str(clean), format="cds", readme=str(tmp_path / "ReadMe").replace("HD name", ""))
    _, rows = read(clean, readme=tmp_path / "ReadMe")
    for name in ("Seq", "RAh", "RAs", "DEs"):
        assert [r[name] for r in rows] == expected[name].tolist()


def test_a_readme_that_does_not_name_the_file(tmp_path):
    (tmp_path / "ReadMe").write_text(README)
    (tmp_path / "other.dat").write_text(DATA)
    with pytest.raises(UsageError, match=r"of table1.dat, table2.\*, refs.dat, none is of this file"):
        open_table(TableSource(tmp_path / "other.dat", readme=tmp_path / "ReadMe"))
    with pytest.raises(UsageError, match="name its ReadMe with `readme:`"):
        open_table(TableSource(tmp_path / "other.dat", config=SourceConfig(reader="cds")))


def test_the_flares_equal_astropy(test_data):
    path = test_data / "lamost-catalogues" / "flare_param.txt.gz"
    reader, rows = read(path)
    expected = theirs.read(str(path), format="cds")
    assert len(rows) == len(expected) > 10_000
    ours = {"KIC": "KIC ID"}
    for name in expected.colnames:
        column = expected[name]
        values = [None if m else v for v, m in zip(column.tolist(), np.ma.getmaskarray(column), strict=True)]
        assert [r[ours.get(name, name)] for r in rows] == values
    assert meta(reader, "Energy") == {"unit": "erg", "description": "Energy of the flare (1)"}
    assert meta(reader, "KIC ID")["description"] == "Kepler Input Catalog identifier"


def test_ipac(tmp_path, stars):
    path = tmp_path / "t.tbl"
    stars.meta["keywords"] = {"fixlen": {"value": "T"}}
    stars.write(path, format="ascii.ipac")
    assert sniff(TableSource(path)) == "ipac"
    reader, rows = read(path)
    same(rows, theirs.read(path, format="ipac"))
    assert meta(reader, "mag")["unit"] == "mag"
    assert str(reader.schema.field("id").type) == "int64"


def test_ipac_with_names_only_and_short_types(tmp_path):
    path = tmp_path / "t.tbl"
    path.write_text("|  a |  b  |  c   |\n  1   2.5   xyz\n null null\n")
    assert read(path)[1] == [{"a": "1", "b": "2.5", "c": "xyz"}, {"a": None, "b": None, "c": None}]
    path.write_text(
        "\\x = 1\n|  a |  b  |  c   |\n|  i |  d  | ch   |\n|    | Jy  |      |\n| -9 |     |      |\n"
        "  1   2.5   xyz\n -9   null  w\n"
    )
    reader, rows = read(path)
    assert rows == [{"a": 1, "b": 2.5, "c": "xyz"}, {"a": None, "b": None, "c": "w"}]
    assert meta(reader, "b") == {"unit": "Jy"}


VIZIER = """#
#   VizieR Astronomical Server
#Coosys\tJ2000:\teq_FK5 J2000
#RESOURCE=yCat_1239
#Title: A catalogue
#Table\tI_239_hip_main:
#Column\t_RAJ2000\t(F10.6)\tRight ascension (FK5)\t[ucd=pos.eq.ra;meta.main]
#Column\tRAhms\t(A11)\tRight ascension\t[ucd=pos.eq.ra]
#Column\tHIP\t(I6)\tIdentifier\t[ucd=meta.id]
#Column\tVmag\t(F5.2)\t[-1.44/14.08]? Magnitude in V\t[ucd=phot.mag;em.opt.V]

_RAJ2000\tRAhms\tHIP\tVmag
deg\t"h:m:s"\t \tmag
----------\t-----------\t------\t-----
000.000899\t00 00 00.22\t     1\t 9.10
000.003797\t00 00 00.91\t     2\t
#END#
"""


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_vizier(tmp_path, delimiter):
    path = tmp_path / "asu.tsv"
    head, _, body = VIZIER.partition("\n\n")
    path.write_text(head + "\n\n" + body.replace("\t", delimiter))
    assert sniff(TableSource(path)) == "vizier"
    reader, rows = read(path)
    assert rows == [
        {"_RAJ2000": 0.000899, "RAhms": "00 00 00.22", "HIP": 1, "Vmag": 9.1},
        {"_RAJ2000": 0.003797, "RAhms": "00 00 00.91", "HIP": 2, "Vmag": None},
    ]
    expected = {"unit": "mag", "ucd": "phot.mag;em.opt.V", "description": "Magnitude in V"}
    assert meta(reader, "Vmag") == expected and "unit" not in meta(reader, "RAhms")
