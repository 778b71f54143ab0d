"""What `describe` makes of files of every sort, small ones made here and real ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from astropy.io import fits

from tianku.model.config import load_collection
from tianku.model.errors import UsageError
from tianku.usecases.describe import Description, TableDescription, describe


def _table(path: Path, text: str) -> TableDescription:
    path.write_text(text)
    found = describe([path])
    found.config()
    (table,) = found.tables
    return table


def _lines(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_the_file_it_writes_is_a_valid_configuration(tmp_path: Path) -> None:
    rows = [f"{i},{i * 3.3},{i - 40},{12 + i / 100}" for i in range(1, 80)]
    (tmp_path / "stars.csv").write_text(_lines("obsid,ra,dec,gmag", rows))
    text = describe([tmp_path / "stars.csv"], dataset="demo/v1").to_yaml()
    (tmp_path / "collection.yaml").write_text("collection: demo\ntitle: Demo\n")
    (tmp_path / "dataset.yaml").write_text(text)
    _, (loaded,) = load_collection(tmp_path / "collection.yaml")
    table = loaded.config.tables["stars"]
    assert table.id == "obsid"
    assert table.main_position is not None
    assert table.main_position.ra == "ra"
    assert loaded.column("stars", "gmag").unit == "mag"


def test_values_outside_the_bulk_are_proposed_as_null(tmp_path: Path) -> None:
    rows = [f"{i},{10 + i % 7},{5 + i % 3},{'Non' if i == 3 else 'G2'}" for i in range(50)]
    rows += ["50,99.99,-9999,F5", "51,99.99,7,F5"]
    table = _table(tmp_path / "t.csv", _lines("obsid,gmag,teff,subclass", rows))
    assert table.column("gmag").null == (99.99,)
    assert table.column("teff").null == (-9999,)
    assert table.column("subclass").null == ("Non",)
    assert any("outside" in note for note in table.column("gmag").notes)


def test_a_value_inside_the_bulk_is_no_sentinel(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", _lines("obsid,count", [f"{i},{i}" for i in range(200)]))
    assert table.column("count").null == ()


def test_radians_hours_and_sexagesimal_are_told_apart(tmp_path: Path) -> None:
    sky = np.linspace(0.01, 0.99, 60)
    radians = [f"{i},{s * 6.28},{(s - 0.5) * 3.1}" for i, s in enumerate(sky)]
    found = _table(tmp_path / "radians.csv", _lines("id,ra,dec", radians))
    assert (found.column("ra").unit, found.column("ra").source_unit) == ("deg", "rad")
    hours = [f"{i},{s * 24},{(s - 0.5) * 170}" for i, s in enumerate(sky)]
    found = _table(tmp_path / "hours.csv", _lines("id,ra,dec", hours))
    assert found.positions[0].format == "hours"
    text = [f"{i},05:11:{i:02d}.5,-12:30:{i:02d}" for i in range(60)]
    found = _table(tmp_path / "text.csv", _lines("id,RA,Dec", text))
    assert found.positions[0].format == "sexagesimal"


def test_one_of_several_positions_is_main(tmp_path: Path) -> None:
    rows = [f"{i},{i},{i / 2},{i},{i / 2}" for i in range(20)]
    table = _table(tmp_path / "t.csv", _lines("obsid,ra_obs,dec_obs,ra,dec", rows))
    assert [p.main for p in table.positions] == [False, True]
    assert table.main_position is not None
    assert table.main_position.ra == "ra"


def test_coordinates_off_the_sphere_are_no_position(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", _lines("id,ra,dec", [f"{i},{i * 100},{i}" for i in range(20)]))
    assert table.positions == ()
    assert any("no position" in note for note in table.notes)


def test_an_id_is_unique_and_never_empty(tmp_path: Path) -> None:
    rows = [f"{i // 2},{i},{'' if i == 5 else i},n{i}" for i in range(30)]
    table = _table(tmp_path / "t.csv", _lines("obsid,source_id,target_id,name", rows))
    assert table.id == "source_id"
    assert table.unique == ("name",)
    repeated = _table(tmp_path / "u.csv", _lines("obsid,teff", [f"{i // 2},{5000 + i}" for i in range(30)]))
    assert repeated.id is None


def test_uniqueness_is_checked_beyond_the_sample(tmp_path: Path) -> None:
    ids = [*range(120_000), 7]
    pq.write_table(pa.table({"obsid": ids, "teff": np.linspace(4e3, 9e3, len(ids))}), tmp_path / "t.parquet")
    assert describe([tmp_path / "t.parquet"]).tables[0].id is None
    pq.write_table(pa.table({"obsid": ids[:-1]}), tmp_path / "u.parquet")
    assert describe([tmp_path / "u.parquet"]).tables[0].id == "obsid"


def test_files_with_the_same_columns_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "night_01.csv").write_text("obsid,ra,dec\n1,10,20\n2,11,21\n")
    (tmp_path / "night_02.csv").write_text("obsid,ra,dec\n3,12.5,22\n2,13,23\n")
    found = describe([tmp_path])
    (table,) = found.tables
    assert (table.name, table.rows, table.id) == ("night", 4, None)
    assert found.config().tables["night"].from_ is not None
    assert found.config().tables["night"].from_.files == ("night_01.csv", "night_02.csv")


def test_each_table_of_a_fits_file_is_described(tmp_path: Path) -> None:
    stars = fits.BinTableHDU.from_columns(
        [
            fits.Column("OBSID", "K", array=[1, 2, 3]),
            fits.Column("RV", "E", unit="km/s", array=[1.0, 2.0, 3.0]),
            fits.Column("FLUX", "5E", unit="1e-17 erg/s/cm**2/Angstrom", array=np.ones((3, 5))),
        ],
        name="STARS",
    )
    plates = fits.BinTableHDU.from_columns([fits.Column("PLATEID", "J", array=[7, 8])], name="PLATES")
    fits.HDUList([fits.PrimaryHDU(), stars, plates]).writeto(tmp_path / "x.fits")
    found = describe([tmp_path / "x.fits"])
    found.config()
    first, second = found.tables
    assert (first.source.reading["hdu"], second.source.reading["hdu"]) == (1, 2)
    assert first.column("RV").unit == "km.s**-1"
    assert first.column("FLUX").arraysize == "5"
    assert first.column("FLUX").unit == "10**-17erg.s**-1.cm**-2.Angstrom**-1"


def test_lists_without_a_header_line(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "good_obsid.txt.gz", "wt") as file:
        file.write("\n".join(str(937801000 + i) for i in range(100)))
    found = describe([tmp_path / "good_obsid.txt.gz"])
    (table,) = found.tables
    assert (table.rows, table.id, table.content) == (100, "obsid", "id-list")
    assert found.config().tables[table.name].from_.reader == "list"  # type: ignore[union-attr]


def test_blank_separated_tables_with_a_commented_header(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.dat", "# obsid  ra dec\n11  1.5  +2.5\n12 3.5 -4.5\n")
    assert table.source.reading["delimiter"] == "whitespace"
    assert [c.name for c in table.columns] == ["obsid", "ra", "dec"]
    assert table.main_position is not None


def test_unreadable_files_are_listed_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("obsid\n1\n2\n")
    (tmp_path / "bad.fits").write_bytes(b"SIMPLE  =" + b"\xff" * 500)
    (tmp_path / "blob.bin").write_bytes(bytes(range(256)) * 4)
    found = describe([tmp_path])
    assert {r.path.name for r in found.rejected} == {"bad.fits", "blob.bin"}
    assert all(r.reason for r in found.rejected)
    assert "# Left out: blob.bin" in found.to_yaml()


def test_nothing_to_describe_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        describe([tmp_path / "absent"])
    with pytest.raises(UsageError, match="no files"):
        describe([tmp_path])
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    with pytest.raises(UsageError, match="nothing can be published"):
        describe([tmp_path])


def test_real_spectra_become_two_product_sets(test_data: Path) -> None:
    found: Description = describe([test_data / "lamost-spectra"])
    sets = found.config().products
    assert sorted(sets) == ["lrs", "mrs"]
    assert sum(len(p.files) for p in found.products) == 188
    assert sets["lrs"].flux.calibration == "relative"
    assert (sets["mrs"].rows_for, sets["mrs"].flux.calibration) == ("part", "uncalibrated")
    named = {p for g in sets["lrs"].from_["science"] for p in found.root.glob(g)}  # type: ignore[index]
    assert len(named) == 184


def test_paths_are_relative_to_a_folder_that_is_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    for night in range(7):
        (real / f"night{night}.csv").write_text("id,ra,dec\n" + "".join(f"{i},{i},{i}\n" for i in range(20)))
    link.symlink_to(real)
    found = describe([link], dataset="nights", root=link)
    (table,) = yaml.safe_load(found.to_yaml())["tables"].values()
    assert table["from"]["files"] == ["night*.csv"]
