"""`check` names file, line, key and fix of what each protocol misses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.model.config import load_collection
from tianku.model.errors import NotFoundError
from tianku.usecases.check import Finding, check, check_installation
from tianku.usecases.describe import describe

SITE = "authority: org.example\ntitle: Test\n"
COMPLETE = """\
collection: demo
title: Demo
description: Stars for tests
creators: [A. Astronomer]
licence: CC-BY-4.0
keywords: [stars]
groups: {team: {}}
"""


def _dataset(folder: Path, text: str) -> list[Finding]:
    (folder / "collection.yaml").write_text(COMPLETE)
    (folder / "dataset.yaml").write_text(text)
    _, (loaded,) = load_collection(folder / "collection.yaml")
    return check(loaded)


def _found(findings: list[Finding], word: str) -> Finding:
    (finding,) = [f for f in findings if word in f.message]
    return finding


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    rows = [f"{i},{i * 3.5},{i / 2},{5000 + i},{i * 1.5}" for i in range(1, 60)]
    (tmp_path / "stars.csv").write_text("\n".join(["obsid,ra,dec,teff,rv", *rows]) + "\n")
    return tmp_path


def test_a_described_dataset_has_no_errors(stars: Path) -> None:
    text = describe([stars / "stars.csv"], dataset="demo").to_yaml()
    findings = _dataset(stars, text)
    assert [f for f in findings if f.severity == "error"] == []
    assert {f.protocol for f in findings} == {"registry", "tap"}  # a release date, the table's title


def test_missing_words_come_with_suggestions(stars: Path) -> None:
    findings = _dataset(stars, "dataset: demo\ntables:\n  stars:\n    from: stars.csv\n")
    teff = _found(findings, "column teff has no UCD")
    assert (teff.severity, teff.fix) == ("warning", "perhaps `ucd: phys.temperature.effective`")
    assert teff.line == 3
    assert _found(findings, "column rv has no unit").fix == "perhaps `unit: km.s**-1`"
    assert "5 columns have no description" in _found(findings, "description").message


def test_wrong_words_are_errors_with_their_line(stars: Path) -> None:
    text = """\
dataset: demo
tables:
  stars:
    from: stars.csv
    columns:
      - {name: teff, unit: kelvins, ucd: phys.temp.effective}
      - {name: rv, unit: mag, ucd: spect.dopplerVeloc}
      - name: ra
        ucd: meta.main;pos.eq.ra
"""
    findings = _dataset(stars, text)
    unit = _found(findings, "`kelvins` is not")
    assert (unit.severity, unit.line, unit.fix) == ("error", 6, "write `unit: K`")
    assert "phys.temperature.effective" in _found(findings, "phys.temp.effective").fix
    assert "does not fit" in _found(findings, "the unit mag").message
    order = _found(findings, "cannot come first")
    assert (order.line, order.key) == (9, "tables.stars.columns.ra.ucd")
    assert "pos.eq.ra;meta.main" in order.fix
    assert str(order).startswith(f"error: {order.file}:9: ")


def test_cone_search_needs_a_position_and_wants_an_id(stars: Path) -> None:
    base = "dataset: demo\ntables:\n  stars:\n    title: Stars\n    from: stars.csv\n"
    asked = _found(_dataset(stars, base + "    protocols: [tap, scs]\n"), "needs a main position")
    assert (asked.severity, asked.protocol, asked.line) == ("error", "scs", 6)
    findings = _dataset(stars, base + "    positions: [{ra: ra, dec: dec}]\n")
    assert _found(findings, "no id").severity == "warning"
    wrong = _dataset(stars, base + "    positions: [{ra: raa, dec: dec}]\n")
    assert "did you mean ra" in _found(wrong, "names the ra of position main").message


def test_an_id_that_is_a_measurement_is_noticed(stars: Path) -> None:
    text = "dataset: demo\ntables:\n  stars:\n    from: stars.csv\n    id: teff\n"
    text += "    columns: [{name: teff, unit: K, ucd: phys.temperature}]\n"
    assert _found(_dataset(stars, text), "the id teff").protocol == "scs"


def test_files_links_relations_and_groups_must_exist(stars: Path) -> None:
    text = """\
dataset: demo
tables:
  stars: {from: stars.csv, product: {set: lsr, key: obsit}}
  lost: {from: "nowhere/*.fits"}
products:
  lrs: {type: spectrum, from: "*.none", reader: lamost, key: header.OBSID}
relations: ["stars.obsid -> strs.obsid"]
access: {data: ["group:taem"]}
"""
    findings = _dataset(stars, text)
    errors = {f.message: f for f in findings if f.severity == "error"}
    assert errors["there is no product set lsr"].fix == "did you mean `lrs`?"
    assert errors["there is no column obsit"].fix == "did you mean `obsid`?"
    assert errors["there is no table strs"].fix == "did you mean `stars`?"
    assert errors["the collection has no group taem"].fix == "did you mean `team`?"
    assert errors["no file matches *.none (science)"].line == 6
    assert any("nowhere" in message for message in errors)


def test_products_are_checked_per_protocol(stars: Path) -> None:
    text = """\
dataset: demo
products:
  a:
    type: image
    from: "*.csv"
    reader: fits-image
    protocols: [obscore, ssa, hips]
    obscore: {no_such_column: 1}
  b:
    type: spectrum
    from: "*.csv"
    reader: lamost
    where: DATA_V
    key: "{stem"
    flux: {unit: 10**-17erg.s**-1.cm**-2.Angstrom**-1, calibration: uncalibrated}
    masks: {andmask: andmsk}
  c:
    type: timeseries
    from: "*.csv"
    reader: text
    key: "{stem}"
    value: {unit: magnitudes}
  d:
    type: timeseries
    from: {table: epoch, group: id}
    key: "{id}"
    time: {column: bjd}
    value: {column: mag}
"""
    findings = _dataset(stars, text)
    assert _found(findings, "SSA serves spectrum sets, this one is image").protocol == "ssa"
    assert _found(findings, "no `hips:` block").protocol == "hips"
    assert _found(findings, "no `key:`").severity == "error"
    assert _found(findings, "no_such_column").key == "products.a.obscore"
    assert _found(findings, "uncalibrated flux cannot be").fix == "write `unit: count`"
    assert _found(findings, "names no bits").key == "products.b.masks.andmask"
    assert _found(findings, "neither a condition").key == "products.b.key"
    assert _found(findings, "is a VARCHAR, no condition").key == "products.b.where"
    assert _found(findings, "does not know which columns hold the curve").key == "products.c"
    assert _found(findings, "`magnitudes` is not a VOUnits unit").fix == "write `unit: mag`"
    assert _found(findings, "this dataset has no table 'epoch'").key == "products.d.from"
    assert _found(findings, "what the times count from").key == "products.d.time"
    assert any("spectral limits" in f.message and f.key == "products.a.obscore" for f in findings)


def test_an_installation_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    folder = tmp_path / "collections" / "demo"
    folder.mkdir(parents=True)
    (folder / "collection.yaml").write_text(COMPLETE)
    (folder / "dataset.yaml").write_text("dataset: demo\ntabels: {}\n")
    (finding,) = check_installation(tmp_path)
    assert (finding.line, finding.severity) == (2, "error")
    assert "tables" in finding.fix
    (folder / "dataset.yaml").write_text("dataset: demo\ntitle: [\n")
    (finding,) = check_installation(tmp_path)
    assert finding.severity == "error"
    (folder / "dataset.yaml").write_text("dataset: demo\n")
    assert _found(check_installation(tmp_path, "demo"), "neither a table").severity == "error"
    with pytest.raises(NotFoundError, match="demo"):
        check_installation(tmp_path, "absent")


def test_what_the_catalogue_of_data_sets_sorts_by_is_checked(tmp_path: Path) -> None:
    folder = tmp_path / "collections" / "demo"
    folder.mkdir(parents=True)
    (tmp_path / "site.yaml").write_text(SITE)
    (folder / "collection.yaml").write_text(COMPLETE)
    link = "links: [{title: Home, url: 'https://example.org'}]\n"
    (folder / "dataset.yaml").write_text(
        f"dataset: demo/a\nkind: metadata-only\nparent: demo/bb\nwaveband: [Radio, xray]\n{link}"
    )
    (folder / "b").mkdir()
    (folder / "b" / "dataset.yaml").write_text(f"dataset: demo/b\nparent: demo\nkind: metadata-only\n{link}")
    findings = check_installation(tmp_path, "demo/a")
    parent, band = _found(findings, "demo/bb"), _found(findings, "no waveband")
    assert (parent.severity, parent.line, parent.fix) == ("error", 3, "did you mean `demo/b`?")
    assert (band.severity, band.line, band.fix) == ("warning", 4, "did you mean `X-ray`?")
    assert not [f for f in check_installation(tmp_path, "demo/b") if f.severity == "error"]
