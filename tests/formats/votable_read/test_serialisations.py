"""Every serialisation gives the same rows, which are those astropy reads."""

import base64
import gzip
import io
import struct

import numpy as np
import pytest
from astropy.io import fits

from tianku.formats.votable_read import list_tables
from tianku.model.errors import UsageError

from .documents import (
    HEAD,
    by_astropy,
    cells,
    column,
    document,
    field,
    many_types,
    opened,
    read,
    refused,
    tabledata,
    written,
)

FORMATS = ["tabledata", "binary", "binary2"]


def plain(value):
    """A value of astropy's as this reader gives it."""
    if value is np.ma.masked:
        return None
    if isinstance(value, str | bytes):
        return (value if isinstance(value, str) else value.decode()).strip() or None
    if np.iscomplexobj(value):
        return [value.real, value.imag]
    return np.asarray(value).ravel().tolist() if np.ndim(value) else np.asarray(value).item()


@pytest.mark.parametrize("form", FORMATS)
def test_every_type_equals_astropy(form):
    data = written(many_types(nulls=form != "binary"), form)
    theirs = by_astropy(data)
    ours = read(data)
    assert len(ours) == len(theirs) == 50
    for name in theirs.colnames:
        expected = [plain(v) for v in theirs[name]]
        found = [row[name] for row in ours]
        if form == "binary" and name in ("float", "double"):
            found = [None if v is not None and np.isnan(v) else v for v in found]  # a NaN is all BINARY has
        np.testing.assert_equal(found, expected, err_msg=name)


@pytest.mark.parametrize("form", FORMATS)
def test_many_blocks_join_without_seam(form):
    table = many_types(2000, nulls=form != "binary")["long", "double", "text", "fixed"]
    data = written(table, form) if form != "tabledata" else written(table, form).replace(b"\n", b"\r\n")
    wide = data.replace(b"\n", b"\n" + b" " * 900) if form == "tabledata" else data
    ours = read(wide)
    assert [r["long"] for r in ours] == [plain(v) for v in by_astropy(data)["long"]]
    assert [r["fixed"] for r in ours] == [f"{i:05d}" for i in range(2000)]


def stream(payload: bytes, kind: str = "BINARY", encoding: str = "base64", **attributes: str) -> str:
    said = "".join(f' {k}="{v}"' for k, v in attributes.items())
    return f'<{kind}><STREAM encoding="{encoding}"{said}>{base64.encodebytes(payload).decode()}</STREAM></{kind}>'


def test_binary_of_gzip():
    payload = gzip.compress(struct.pack(">3i", 1, 2, 3))
    assert column(document(field("x"), stream(payload, encoding="gzip"))) == [1, 2, 3]


def test_base64_may_be_broken_padded_and_commented():
    parts = [base64.b64encode(struct.pack(">i", i)).decode() for i in range(4)]
    text = f"\n {parts[0][:3]}\r\n\t{parts[0][3:]}{parts[1]}<!-- half --> {parts[2]}&#10;<![CDATA[{parts[3]}]]>"
    data = document(field("x"), f"<BINARY><STREAM encoding='base64'>{text}</STREAM></BINARY>")
    assert column(data) == [0, 1, 2, 3]


def test_arrays_of_variable_length_and_bits():
    fields = field("n") + field("x", "bit", arraysize="*") + field("b", "bit", arraysize="3") + field("y", "bit")
    payload = struct.pack(">iIBBBB", 1, 10, 0b10100000, 0b01000000, 0b01100000, 0b10000000)
    payload += struct.pack(">iIBB", 2, 0, 0b11100000, 0)
    assert read(document(fields, stream(payload))) == [
        {"n": 1, "x": [c == "1" for c in "1010000001"], "b": [False, True, True], "y": True},
        {"n": 2, "x": [], "b": [True, True, True], "y": False},
    ]


def test_unicode_in_binary_counts_units_of_two_bytes():
    words = ["天库", "a🔭b", "", "é"]
    payload = b"".join(struct.pack(">I", len(w.encode("utf-16-be")) // 2) + w.encode("utf-16-be") for w in words)
    data = document(field("x", "unicodeChar", arraysize="*"), stream(payload))
    assert column(data) == ["天库", "a🔭b", None, "é"]
    broken = struct.pack(">I", 2) + b"\xd8\x00" + b"\x00a"
    assert column(document(field("x", "unicodeChar", arraysize="*"), stream(broken))) == ["�a"]
    fixed = "天库ab".encode("utf-16-be") + "x\0\0\0".encode("utf-16-be")
    assert column(document(field("x", "unicodeChar", arraysize="4"), stream(fixed))) == ["天库ab", "x"]


def test_texts_in_binary_end_at_nul_and_may_be_latin1():
    data = document(field("x", "char", arraysize="6"), stream(b"ab\0cd " + b"Ren\xe9  " + b"\0\0\0\0\0\0"))
    assert column(data) == ["ab", "René", None]


@pytest.mark.parametrize("letter,value", [*[(c, True) for c in "Tt1"], *[(c, False) for c in "Ff0"], ("?", None)])
def test_booleans_in_binary(letter, value):
    assert column(document(field("x", "boolean"), stream(letter.encode()))) == [value]


def test_flags_of_binary2_are_nulls_and_nan_stays_a_number():
    fields = field("x", "double") + field("n") + field("a", "float", arraysize="2")
    rows = struct.pack(">Bdiff", 0b00000000, np.nan, 1, 1, 2) + struct.pack(">Bdiff", 0b11100000, 0, 0, 0, 0)
    first, second = read(document(fields, stream(rows, "BINARY2")))
    assert np.isnan(first["x"]) and first["n"] == 1 and first["a"] == [1.0, 2.0]
    assert second == {"x": None, "n": None, "a": None}


def test_values_null_in_every_serialisation():
    null = field("x", inside='<VALUES null="-1"/>')
    assert column(tabledata(null, cells(5), cells(-1), cells(""))) == [5, None, None]
    assert column(document(null, stream(struct.pack(">2i", 5, -1)))) == [5, None]


def test_arrays_of_texts():
    """arraysize 3x2: two texts of three letters (astropy refuses it)."""
    fields = field("x", "char", arraysize="3x2") + field("y", "char", arraysize="2x*")
    rows = [("ab cde", "aabbc"), ("abc", "")]
    expected = [{"x": ["ab", "cde"], "y": ["aa", "bb", "c"]}, {"x": ["abc", None], "y": None}]
    assert read(tabledata(fields, *(cells(*r) for r in rows))) == expected
    payload = b"ab cde" + struct.pack(">I", 5) + b"aabbc" + b"abc\0\0\0" + struct.pack(">I", 0)
    assert read(document(fields, stream(payload))) == expected


def fits_stream() -> bytes:
    columns = [
        fits.Column("other", "J", array=[1, 2, 3], null=2),
        fits.Column("name", "5A", array=["a", "", "c d"]),
    ]
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(out)
    return out.getvalue()


def test_fits_is_given_out_as_a_file():
    fields = field("x", unit="deg") + field("name", "char", arraysize="5")
    table = opened(document(fields, stream(fits_stream(), "FITS").replace("<FITS>", '<FITS extnum="1">')))
    assert table.meta.serialisation == "FITS" and table.extension == 1
    assert table.fits().readall() == fits_stream()


@pytest.mark.parametrize(
    "data,said",
    [
        (stream(b"", href="http://example.org/rows"), "elsewhere, at http://example.org/rows"),
        (stream(b"", href="file:///etc/passwd"), "elsewhere"),
        (stream(b"abcd", encoding="dynamic"), "encoded as 'dynamic'"),
        (stream(fits_stream(), "FITS"), "a FITS file"),
    ],
)
def test_what_is_not_read_says_why(data, said):
    with pytest.raises(UsageError, match=said) as caught:
        read(document(field("x"), data))
    assert caught.value.code == "votable.unsupported"


def test_several_tables_are_chosen_by_number_id_or_name():
    def table(name: str, *values: int) -> str:
        rows = "".join(f"<TR><TD>{v}</TD></TR>" for v in values)
        data = f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA>"
        return f'<TABLE ID="id_{name}" name="{name}">{field("x")}{data}</TABLE>'

    inner = f'<RESOURCE>{table("c", 3)}</RESOURCE><TABLE name="bare" ref="id_b"/>'
    body = f"{table('a')}{table('b', 1, 2)}{inner}"
    data = f"{HEAD}<RESOURCE>{body}</RESOURCE></VOTABLE>".encode()
    assert [(t.number, t.name, t.serialisation) for t in list_tables(io.BytesIO(data), "x")] == [
        (1, "a", None),
        (2, "b", "TABLEDATA"),
        (3, "c", "TABLEDATA"),
        (4, "bare", None),
    ]
    assert column(data) == [1, 2]
    for wanted in (3, "3", "c", "id_c"):
        assert [r["x"] for r in read(data, wanted)] == [3]
    assert read(data, "a") == []
    assert opened(data, "bare").schema.names == ["x"]
    with pytest.raises(UsageError, match="no table 'z'; its tables: 1 a, 2 b, 3 c, 4 bare"):
        opened(data, "z")


def test_rows_may_promise_more_than_there_are():
    data = tabledata(field("x"), cells(1)).replace(b"name='t'", b"name='t' nrows='5'")
    rows, told = refused(data)
    assert rows == [{"x": 1}]
    assert told == [(2, "missing rows", "nrows says 5, there are 1", 4)]
