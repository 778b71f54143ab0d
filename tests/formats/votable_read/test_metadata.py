"""What a document says of a table reaches the schema: fields, systems, parameters, infos."""

import json

import pyarrow as pa
import pytest

from .documents import HEAD, cells, column, field, opened, tabledata

STC = (
    '<GROUP ID="stc"><GROUP><PARAM name="frame" datatype="char" arraysize="*" '
    'utype="stc:AstroCoordSystem.SpaceFrame.CoordRefFrame" value="ICRS"/></GROUP></GROUP>'
)


def said(data: bytes, name: str = "x") -> dict[str, str]:
    """The metadata of a field."""
    return {k.decode(): v.decode() for k, v in (opened(data).schema.field(name).metadata or {}).items()}


def test_everything_a_field_says():
    inside = '<DESCRIPTION>\n some\n  x </DESCRIPTION><VALUES null="-9"/><LINK href="http://example.org"/>'
    facts = {"unit": "mag", "ucd": "phot.mag", "utype": "a:b", "xtype": "c", "ID": "i"}
    data = tabledata(field("x", "int", inside, **facts), cells(1))
    assert said(data) == {
        "unit": "mag",
        "ucd": "phot.mag",
        "utype": "a:b",
        "xtype": "c",
        "id": "i",
        "description": "some x",
        "null": "-9",
    }


@pytest.mark.parametrize(
    "before,fields",
    [
        ('<COOSYS ID="s" system="ICRS" epoch="J2016"/>', field("x", ref="s")),
        ('<COOSYS ID="s" system="ICRS" epoch="J2016"/><GROUP ID="g" ref="s"/>', field("x", ref="g")),
        (
            '<COOSYS ID="s" system="ICRS" epoch="J2016"/>',
            field("x", ID="i") + '<GROUP ref="s"><FIELDref ref="i"/></GROUP>',
        ),
    ],
)
def test_systems_are_found_directly_and_through_groups(before, fields):
    found = said(tabledata(fields, cells(1), before=before))
    assert (found["system"], found["epoch"]) == ("ICRS", "J2016")


def test_frames_of_old_stc_groups():
    data = tabledata(f'<GROUP ID="p" ref="stc"/>{field("x", ref="p")}', cells(1), before=STC)
    assert said(data)["system"] == "ICRS"


def test_systems_that_refer_to_each_other_do_not_hang():
    loop = '<GROUP ID="a" ref="b"/><GROUP ID="b" ref="a"/>'
    assert "system" not in said(tabledata(field("x", ref="a"), cells(1), before=loop))


def test_nulls_may_be_said_elsewhere():
    fields = field("y", "int", '<VALUES ID="v" null="-1"/>') + field("x", "int", '<VALUES ref="v"/>')
    assert column(tabledata(fields, cells(-1, -1), cells(2, 2))) == [None, 2]


def test_parameters_and_infos_of_what_encloses_a_table():
    param = '<PARAM name="{}" datatype="float" unit="deg" value="{}"/>'
    data = (
        f'{HEAD}<DESCRIPTION>all</DESCRIPTION><INFO name="who" value="me"/><RESOURCE>{param.format("r", 1)}'
        f'<RESOURCE>{param.format("other", 2)}</RESOURCE><INFO name="what">text</INFO>'
        f'<TABLE name="t" nrows="1" utype="u">{param.format("t", 3)}{field("x")}'
        f"<DATA><TABLEDATA><TR>{cells(1)}</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()
    table = opened(data)
    assert (table.meta.name, table.meta.nrows) == ("t", 1)
    stated = {k.decode(): v.decode() for k, v in table.schema.metadata.items()}
    assert (stated["name"], stated["description"], stated["utype"]) == ("t", "all", "u")
    assert [(p["name"], p["value"], p["unit"]) for p in json.loads(stated["params"])] == [
        ("t", "3", "deg"),
        ("r", "1", "deg"),
    ]
    assert json.loads(stated["infos"]) == [["what", "text"], ["who", "me"]]


def test_fields_take_their_id_for_a_name_and_a_number_for_none():
    fields = '<FIELD ID="i" datatype="int"/><FIELD datatype="int"/>'
    assert opened(tabledata(fields, cells(1, 2))).schema.names == ["i", "column_2"]


@pytest.mark.parametrize(
    "datatype,size,kind",
    [
        ("boolean", None, pa.bool_()),
        ("unsignedByte", "1", pa.uint8()),
        ("long", "3", pa.list_(pa.int64(), 3)),
        ("float", "2x3", pa.list_(pa.float32(), 6)),
        ("double", "10*", pa.list_(pa.float64())),
        ("double", "100000", pa.list_(pa.float64())),
        ("floatComplex", None, pa.list_(pa.float32(), 2)),
        ("doubleComplex", "4", pa.list_(pa.float64(), 8)),
        ("bit", "9", pa.list_(pa.bool_(), 9)),
        ("char", None, pa.string()),
        ("unicodeChar", "20*", pa.string()),
        ("char", "20x5", pa.list_(pa.string(), 5)),
        ("char", "20x*", pa.list_(pa.string())),
    ],
)
def test_types(datatype, size, kind):
    data = tabledata(field("x", datatype, **({"arraysize": size} if size else {})), cells(""))
    assert opened(data).schema.field("x").type == kind
    assert said(data).get("shape") == (size if size and "x" in size else None)
    assert column(data) == [None]
