"""Damaged and hostile documents: an error of ours within bounds, never another one."""

import gzip
import io
import random
import zlib

import pytest

from tianku.formats.votable_read import list_tables, open_votable
from tianku.model.errors import UsageError

from .documents import HEAD, cells, document, field, many_types, read, refused, tabledata, written

BOMB = '<!DOCTYPE VOTABLE [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
DTD = '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">'


def code(data: bytes) -> str:
    """The code of the error a document ends in, or "" when it is read."""
    try:
        read(data)
    except UsageError as error:
        assert "test.vot" in error.message
        return error.code
    return ""


def with_prologue(text: str, cell: str = "1") -> bytes:
    return tabledata(field("x", "char", arraysize="*"), cells(cell)).replace(
        b"<VOTABLE", text.encode() + b"<VOTABLE", 1
    )


@pytest.mark.parametrize(
    "data,expected",
    [
        (b"", "votable.malformed"),
        (b"no xml at all", "votable.malformed"),
        (b"<html><body>Service down</body></html>", "votable.malformed"),
        (HEAD.encode(), "votable.malformed"),
        ((HEAD + "</VOTABLE>").encode(), "votable.no_table"),
        (b"\x1f\x8b\x08 no gzip after all", "votable.malformed"),
        (gzip.compress(tabledata(field("x"), cells(1)))[:-20], "votable.malformed"),
        (with_prologue(BOMB, "&b;"), "votable.unsupported"),
        (with_prologue(EXTERNAL, "&x;"), "votable.unsupported"),
        (with_prologue(DTD, "&unknown;"), "votable.rows"),
        (with_prologue(DTD), ""),
        (with_prologue("", "&unknown;"), "votable.rows"),
        (document("<X>" * 200 + "</X>" * 200 + field("x"), ""), "votable.limit"),
        (tabledata(field("x", arraysize="9999999999"), cells(1)), "votable.limit"),
        (tabledata(field("x", arraysize="100000x100000"), cells(1)), "votable.limit"),
        (tabledata(field("x", arraysize="three"), cells(1)), "votable.unsupported"),
        (tabledata("".join(field(f"x{i}") for i in range(10_001)), cells(1)), "votable.limit"),
        (tabledata("", cells(1)), "votable.malformed"),
        (document(field("x", "date"), "<BINARY><STREAM>AAAA</STREAM></BINARY>"), "votable.unsupported"),
        (document(field("x", arraysize="0"), "<BINARY><STREAM>AAAA</STREAM></BINARY>"), "votable.malformed"),
        (document(field("x", arraysize="999999999"), "<BINARY><STREAM>AAAA</STREAM></BINARY>"), "votable.limit"),
        (document(field("x", arraysize="*"), "<BINARY><STREAM>/////w==</STREAM></BINARY>"), "votable.rows"),
        (document(field("x"), "<BINARY><STREAM>AAAA*AAA</STREAM></BINARY>"), "votable.rows"),
        (document(field("x"), "<BINARY><STREAM>AAAAA</STREAM></BINARY>"), "votable.rows"),
        (document(field("x"), "<BINARY><STREAM>AAAA<X/>AAAA</STREAM></BINARY>"), "votable.rows"),
        (document(field("x"), "<BINARY><STREAM encoding='gzip'>AAAA</STREAM></BINARY>"), "votable.rows"),
        (document(field("x"), "<STREAM>AAAA</STREAM>"), ""),
        (tabledata(field("x"), "<TD>1</TD></TR></TABLEDATA><TR>"), "votable.rows"),
        (tabledata(field("x"), "<TD><TABLEDATA></TABLEDATA></TD>"), "votable.rows"),
        (tabledata(field("x"), cells("1\x01")), "votable.rows"),
        (tabledata(field("x"), cells(1)) + b"<more/>", "votable.rows"),
        (f"{HEAD}<TR/><TABLEDATA><TR/></TABLEDATA></VOTABLE>".encode(), "votable.malformed"),
    ],
)
def test_what_is_wrong_has_a_name(data, expected):
    assert code(data) == expected


def test_error_messages_of_services_are_told():
    said = '<INFO name="QUERY_STATUS" value="ERROR">no such\n table</INFO>'
    for data in (
        f"{HEAD}<RESOURCE>{said}</RESOURCE></VOTABLE>",
        f"{HEAD}<RESOURCE>{said}<TABLE/></RESOURCE></VOTABLE>",
    ):
        with pytest.raises(UsageError, match="error message of a service, not a table: no such table") as caught:
            read(data.encode())
        assert caught.value.code == "votable.query_status"
    late = tabledata(field("x"), cells(1), after=said)
    assert refused(late) == ([{"x": 1}], [(2, "the service failed after these rows", "no such table", 1)])
    old = f'{HEAD}<RESOURCE><PARAM name="Error" datatype="char" value="bad SR"/></RESOURCE></VOTABLE>'
    with pytest.raises(UsageError, match="not a table: bad SR"):
        read(old.encode())


def test_an_answer_that_was_cut_says_so():
    table = open_votable(
        io.BytesIO(tabledata(field("x"), cells(1), after='<INFO name="QUERY_STATUS" value="OVERFLOW"/>')), "t"
    )
    assert sum(len(r.batch) for r in table.batches()) == 1
    assert [note.partition(":")[0] for note in table.notes] == ["the service cut its answer at a limit (OVERFLOW)"]


def test_compressed_documents_may_not_grow_without_measure():
    blank = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = blank.compress(HEAD.encode()) + b"".join(blank.compress(b" " * (1 << 20)) for _ in range(66))
    assert code(data + blank.flush()) == "votable.malformed"


@pytest.mark.parametrize("before", ["", "<!-- -->"])
def test_a_row_without_end_is_given_up(before):
    data = tabledata(field("x", "char", arraysize="*"), cells(before + "x" * (70 << 20)))
    with pytest.raises(UsageError, match="a row is longer than 64 MB"):
        read(data)


def test_empty_cells_of_long_arrays_take_no_room():
    data = tabledata(field("x", "double", arraysize="500000000"), *[cells("")] * 2000)
    assert [r["x"] for r in read(data)] == [None] * 2000
    wide = tabledata(field("x", "double", arraysize="4096"), *[cells("")] * 6000)
    sizes = [len(r.batch) for r in open_votable(io.BytesIO(wide), "wide").batches()]
    assert sum(sizes) == 6000 and max(sizes) <= 4096


SAMPLES = {
    "tabledata": written(many_types(25), "tabledata"),
    "binary": written(many_types(25, nulls=False), "binary"),
    "binary2": written(many_types(25), "binary2"),
    "gzip": gzip.compress(written(many_types(25), "tabledata"), mtime=0),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_truncated_anywhere(kind):
    """Cut at every 1 kB: an error or complete rows with the loss told, and never a row invented."""
    data = SAMPLES[kind]
    whole = read(data)
    for size in range(0, len(data) - 12, 1024):
        assert code(data[:size]).startswith("votable."), size
        try:
            rows, told = refused(data[:size])
        except UsageError:
            continue
        assert repr(rows) == repr(whole[: len(rows)])
        assert sum(count for *_, count in told) >= 1


@pytest.mark.parametrize("kind", SAMPLES)
def test_damaged_anywhere(kind):
    """Bytes changed, left out, doubled: rows or our own error."""
    data, draw = SAMPLES[kind], random.Random(20261122)
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(draw.choice((1, 1, 3, 30))):
            place = draw.randrange(len(changed))
            change = draw.randrange(4)
            if change == 0:
                changed[place] ^= 1 << draw.randrange(8)
            elif change == 1:
                del changed[place : place + draw.randrange(1, 40)]
            elif change == 2:
                changed[place:place] = changed[place : place + draw.randrange(1, 40)]
            else:
                changed[place] = draw.choice(b"<>&'\"/=\0\xff 9")
        code(bytes(changed))
        try:
            refused(bytes(changed))
            list_tables(io.BytesIO(changed), "test.vot")
        except UsageError:
            pass
