"""CSV in the wild, Parquet and record files: read whole, typed, with every refused row named."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianku.catalogue.readers import TableSource, open_table, sniff
from tianku.model.config.formats import RecordFormat
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError
from tianku.model.types import DataType

REAL = {
    "lamost-catalogues/K2_01_plate.csv.gz": (None, {"OBJID": "int64", "RADEG": "double", "PRI": "double"}),
    "lamost-catalogues/my_data3.csv.gz": (
        3165,
        {"column_1": "int64", "obsdate": "timestamp[us]", "lmjd": "double"},
    ),
    "lamost-catalogues/type_A_params.csv": (1000, {"obsid": "int64", "subclass": "string"}),
    "lamost-catalogues/gaia_lamost_larger_velocity_features.csv": (1838, {"source_id": "int64"}),
    "lamost-catalogues/20220313_snrg_30_Grpeddata_CCF_test.csv": (None, {"combined_snru.1": "double"}),
    "lamost-catalogues/LASP_Adam_inferred.csv": (None, {"ID": "string", "iter": "int64"}),
    "lamost-catalogues/candidates.csv": (12944, {"path": "string", "label": "string"}),
    "lamost-catalogues/lamost-dr1-be-stars.csv": (203, {"designation": "string"}),
    "star-catalogues/HASH_PNe.csv": (None, {"RAJ2000": "string", "DRAJ2000": "double"}),
    "star-catalogues/addendum.csv": (None, {"B-Mag": "double", "M": "string"}),
}


def read(path, rejects=None, **options):
    reader = open_table(TableSource(path, **options))
    found = [] if rejects is None else rejects
    batches = list(reader.batches(lambda *said: found.append(said)))
    assert rejects is not None or not found
    return reader, [row for b in batches for row in b.batch.to_pylist()], batches


@pytest.mark.parametrize("name", REAL)
def test_real_csv(test_data, name):
    count, types = REAL[name]
    reader, rows, _ = read(test_data / name)
    assert rows and (count is None or len(rows) == count)
    for column, kind in types.items():
        assert str(reader.schema.field(column).type) == kind, column


def test_headerless_list(test_data):
    source = SourceConfig(header=False, reader="csv")
    _, rows, _ = read(test_data / "lamost-catalogues/AFG_obsid.txt.gz", config=source, names=["obsid"])
    assert 290_000 < len(rows) < 300_000 and rows[0] == {"obsid": 937801002}


def test_blank_separated_with_hash_header(test_data):
    source = SourceConfig(delimiter="whitespace")
    reader, rows, _ = read(test_data / "lamost-catalogues/LMDR3_diskRGB2.dat.gz", config=source)
    assert len(rows) == 21_954 and reader.schema.names[:3] == ["obsid", "ra", "dec"]
    assert rows[0]["dec"] == 6.01526


def test_bad_rows_are_named_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text('id,x,name\n1,1.5,a\n2,oops,b\n3\n4,2.5,"c, ""d"""\n5,1,2,3\n6,,\n7,nan,e\n')
    rejects = []
    _, rows, batches = read(path, rejects, types={"x": DataType.FLOAT64})
    assert [r["id"] for r in rows] == [1, 4, 6, 7]
    assert rows[1]["name"] == 'c, "d"' and rows[2] == {"id": 6, "x": None, "name": None}
    assert sorted((r[0], r[1]) for r in rejects) == [
        (2, "x is no float64"),
        (3, "wrong number of values"),
        (5, "wrong number of values"),
    ]
    assert [batches[0].number(i) for i in range(4)] == [1, 4, 6, 7]


def test_types_come_from_the_whole_file_when_not_declared(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "1,2\n" * 5000 + "1.5,x\n")
    reader, rows, _ = read(path)
    assert str(reader.schema.field("a").type) == "double" and str(reader.schema.field("b").type) == "string"
    assert len(rows) == 5001


def test_other_encodings_and_marks(tmp_path):
    path = tmp_path / "gb.csv"
    path.write_bytes("名字;x\n天库;1\n".encode("gb18030"))
    assert read(path, config=SourceConfig(encoding="gb18030"))[1] == [{"名字": "天库", "x": 1}]
    path.write_bytes(b"\xef\xbb\xbfa,b\n1,caf\xe9\n")
    assert read(path)[1] == [{"a": 1, "b": "café"}]


def test_wrong_rows_in_an_unstated_encoding_are_named(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("a,b\n1,café\n2,é,é\n3,è\n".encode("latin-1") + "4,天\n".encode())
    rejects = []
    _, rows, _ = read(path, rejects)
    assert rows == [{"a": 1, "b": "café"}, {"a": 3, "b": "è"}, {"a": 4, "b": "天"}]
    assert rejects == [(2, "wrong number of values", "3 instead of 2: 2,é,é", 1)]


def test_bytes_that_are_not_of_the_stated_encoding_are_reported(tmp_path):
    path = tmp_path / "gb.csv"
    path.write_bytes("a,b\n1,天\n".encode("gb18030") + b"2,\xff\xff\n")
    rejects = []
    read(path, rejects, config=SourceConfig(encoding="gb18030"))
    assert [r[1] for r in rejects] == ["damaged file"]


def test_comments_and_skipped_lines(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("title\n# c\na,b\n# note\n1,2\n")
    assert read(path, config=SourceConfig(skip_rows=1, comment="#"))[1] == [{"a": 1, "b": 2}]


def test_truncated_gzip_is_reported(tmp_path):
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(
        gzip.compress(("a,b\n" + "".join(f"{i},{i * 7919}\n" for i in range(50_000))).encode())[:80_000]
    )
    rejects = []
    read(path, rejects)
    assert [r[1] for r in rejects] == ["damaged file"]


def test_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    deep = [{"x": 1, "y": [1.5, float("nan")]}, None]
    table = pa.table({"a": [1, 2], "s": pa.array(["x", None]).dictionary_encode(), "deep": deep})
    pq.write_table(table.append_column("void", pa.nulls(2)), path)
    reader, rows, _ = read(path)
    assert rows == [
        {"a": 1, "s": "x", "deep": '{"x":1,"y":[1.5,null]}'},
        {"a": 2, "s": None, "deep": None},
    ]
    assert reader.total == 2 and reader.notes == ["void: it holds no values"]
    assert reader.schema.field("deep").metadata == {b"xtype": b"json"}
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        open_table(TableSource(path))


def test_records_number_their_rows(tmp_path):
    layout = RecordFormat.model_validate(
        {"text": True, "fields": [{"name": "n", "type": "int", "start": 1, "width": 3}]}
    )
    path = tmp_path / "r.dat"
    path.write_text("  1\n  x\n  3\n")
    rejects = []
    _, rows, batches = read(path, rejects, record=layout)
    assert [r["n"] for r in rows] == [1, 3] and batches[0].number(1) == 3
    assert rejects == [(2, "n", "'x' is no int64", 1)]


def test_unknown_kinds_are_named(tmp_path):
    path = tmp_path / "x.dat"
    path.write_bytes(b"\0\1\2")
    with pytest.raises(UsageError, match="declare a record format"):
        sniff(TableSource(path))
