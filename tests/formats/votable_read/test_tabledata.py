"""Rows of TABLEDATA as people and programs write them."""

import base64

import pytest

from tianku.model.errors import UsageError

from .documents import cells, column, document, field, read, refused, tabledata

TEXT = field("n") + field("x", "char", arraysize="*")
PLAIN = "<TR><TD>1</TD><TD>a</TD></TR>"


def rows(*texts: str) -> bytes:
    return document(TEXT, f"<TABLEDATA>{''.join(texts)}</TABLEDATA>")


@pytest.mark.parametrize(
    "row,value",
    [
        ("<TR><TD>2</TD><TD>b</TD></TR>", "b"),
        ("\n  <TR>\r\n\t<TD>2</TD>\n<TD> b </TD>\n </TR>\n", "b"),
        ("<TR ID='r'><TD>2</TD><TD >b</TD ></TR>", "b"),
        ("<TR><TD>2</TD><TD/></TR>", None),
        ("<TR><TD>2</TD><TD /></TR>", None),
        ("<TR><TD>2</TD><TD>a &lt;&amp;&gt; &quot;&apos;&amp;lt;</TD></TR>", "a <&> \"'&lt;"),
        ("<TR><TD>2</TD><TD>&#x5929;&#24211;</TD></TR>", "天库"),
        ("<TR><TD>2</TD><TD><![CDATA[<b> & </TR>]]></TD></TR>", "<b> & </TR>"),
        ("<TR><TD>2</TD><TD>b<!-- </TD> --></TD></TR><!-- </TABLEDATA> -->", "b"),
        ("<TR><TD>2</TD><TD>a > b</TD></TR>", "a > b"),
        ("<TR><TD>2</TD><TD>天库 é</TD></TR>", "天库 é"),
        ("<TR><TD>2</TD><TD>one\r\ntwo</TD></TR>", "one\ntwo"),
        (f"<TR><TD>2</TD><TD encoding='base64'>{base64.b64encode(b'<x>').decode()}</TD></TR>", "<x>"),
        ("<?pi </TR>?><TR><TD>2</TD><TD>b</TD></TR>", "b"),
    ],
)
def test_unusual_rows_between_usual_ones(row, value):
    data = rows(PLAIN, row, PLAIN)
    assert read(data) == [{"n": 1, "x": "a"}, {"n": 2, "x": value}, {"n": 1, "x": "a"}]
    prefixed = data
    for tag in (b"VOTABLE", b"RESOURCE", b"TABLEDATA", b"FIELD", b"DATA", b"TR", b"TD"):
        prefixed = prefixed.replace(b"<" + tag, b"<v:" + tag).replace(b"</" + tag, b"</v:" + tag)
    prefixed = prefixed.replace(b"<TABLE ", b"<v:TABLE ").replace(b"</TABLE>", b"</v:TABLE>")
    if "</TR>" not in str(value) and "<!--" not in row:
        assert read(prefixed) == read(data)


@pytest.mark.parametrize(
    "row,reason",
    [
        ("<TR><TD>2</TD></TR>", "1 values instead of 2"),
        ("<TR><TD>2</TD><TD>b</TD><TD>c</TD></TR>", "3 values instead of 2"),
        ("<TR><TD>2</TD><TD><B>b</B></TD></TR>", "an element B inside a row"),
        ("<TR>x<TD>2</TD><TD>b</TD></TR>", "text outside of its cells"),
        ("<X><TD>2</TD><TD>b</TD></X>", "an element X inside a row"),
        ("<X/>", "an element X inside a row"),
    ],
)
def test_what_is_no_row_is_refused_alone(row, reason):
    found, told = refused(rows(PLAIN, row, PLAIN))
    assert [r["n"] for r in found] == [1, 1]
    assert told == [(2, "not a row of this table", reason, 1)]


def test_a_value_of_another_type_refuses_its_row_by_number():
    found, told = refused(tabledata(field("x"), *(cells(v) for v in (1, "two", 3, 2**40))))
    assert found == [{"x": 1}, {"x": 3}]
    assert told == [(2, "x is no int32", "'two'", 1), (4, "x is no int32", f"'{2**40}'", 1)]
    with pytest.raises(UsageError, match=r"test\.vot, row 2: x is no int32: 'two'") as caught:
        read(tabledata(field("x"), cells(1), cells("two")))
    assert caught.value.code == "votable.rows"


@pytest.mark.parametrize(
    "datatype,text,value",
    [
        ("boolean", "T", True),
        ("boolean", " false ", False),
        ("boolean", "?", None),
        ("boolean", "1", True),
        ("bit", "0", False),
        ("unsignedByte", "255", 255),
        ("short", "0x1F", 31),
        ("int", " +7 ", 7),
        ("int", "12.0", 12),
        ("long", "-9223372036854775808", -(2**63)),
        ("double", "1.5D+03", 1500.0),
        ("double", " -Inf ", float("-inf")),
        ("float", "+1e-3", pytest.approx(1e-3)),
        ("char", "many letters", "many letters"),
        ("date", "2026-11-22", "2026-11-22"),
    ],
)
def test_scalars(datatype, text, value):
    assert column(tabledata(field("x", datatype), cells(text))) == [value]
    assert column(tabledata(field("x", datatype), cells(""))) == [None]


@pytest.mark.parametrize(
    "datatype,size,text,value",
    [
        ("int", "3", " 1  2\n3 ", [1, 2, 3]),
        ("int", "*", "1 -1", [1, None]),
        ("int", "2x*", "1 2 3 4", [1, 2, 3, 4]),
        ("double", "2x2", "1 NaN 3 4e0", [1.0, pytest.approx(float("nan"), nan_ok=True), 3.0, 4.0]),
        ("boolean", "2", "T ?", [True, None]),
        ("bit", "4", "1 0 0 1", [True, False, False, True]),
        ("bit", "*", "0110", [False, True, True, False]),
        ("floatComplex", "1", "1 -2", [1.0, -2.0]),
        ("doubleComplex", "*", "1 2 3 4", [1.0, 2.0, 3.0, 4.0]),
        ("double", "9000", "", None),
    ],
)
def test_arrays(datatype, size, text, value):
    null = '<VALUES null="-1"/>' if datatype == "int" else ""
    assert column(tabledata(field("x", datatype, null, arraysize=size), cells(text), cells(""))) == [value, None]


@pytest.mark.parametrize("size,text", [("3", "1 2"), ("3", "1 2 3 4"), ("2x*", "1 2 3"), ("2", "1 b")])
def test_arrays_of_another_size_are_refused(size, text):
    found, told = refused(
        tabledata(field("x", arraysize=size), cells("1 2 3 4 5 6"[: 2 * int(size[0]) - 1]), cells(text))
    )
    assert len(found) == 1 and told[0][:2] == (2, f"x is no array of int32 of size {size}")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "latin-1", "utf-8-sig", "windows-1252", "gb18030"])
def test_encodings(codec):
    text = tabledata(field("x", "char", arraysize="*"), cells("é"), cells("ü ß")).decode()
    said = "utf-16" if codec.startswith("utf-16") else codec.removesuffix("-sig")
    data = text.replace('<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{said}"?>').encode(codec)
    assert column(data) == ["é", "ü ß"]


def test_latin1_that_says_utf8_is_read_as_latin1():
    data = tabledata(field("x", "char", arraysize="*"), cells("é 天"), cells("@"))
    assert column(data.replace(b"@", b"Ren\xe9")) == ["é 天", "René"]


@pytest.mark.parametrize("said", ["rot13", "nonsense", "utf-32"])
def test_unknown_encodings_are_named(said):
    data = tabledata(field("x"), cells(1)).replace(b'"1.0"?>', f'"1.0" encoding="{said}"?>'.encode())
    with pytest.raises(UsageError, match=f"encoding '{said}' is not known"):
        read(data)
