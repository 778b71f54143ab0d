"""A product set of very many very small images."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from tianku.model.access import ANONYMOUS
from tianku.state import repositories
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.installation import connect, create
from tianku.usecases.publish import publish
from tianku.usecases.query import run_adql

DATASET = "soak/v1"
_COLLECTION = "collection: soak\ntitle: Soak\n"
_DATASET = """\
dataset: soak/v1
title: Very many small images
simulated: true
products:
  cutouts:
    type: image
    from: "{source}/**/*.fits"
    key: "{{stem}}"
    obscore: {{calib_level: 2}}
"""
#: jobs are many and small here
_SITE = "jobs: {active_each: 1000000, running: 2, running_each: 2}\n"
_PER_FOLDER = 1000


def prepare(folder: Path, count: int) -> Path:
    """Write the files and the installation, once; return its root."""
    source = folder / f"files-{count}"
    if not (source / "complete").exists():
        _write(source, count)
        (source / "complete").touch()
    root = folder / f"installation-{count}"
    if not (root / "site.yaml").exists():
        create(root, authority="soak.example", title="Soak")
        with (root / "site.yaml").open("a", encoding="utf-8") as site:
            site.write(_SITE)
    collection = root / "collections" / "soak"
    collection.mkdir(parents=True, exist_ok=True)
    (collection / "collection.yaml").write_text(_COLLECTION, "utf-8")
    (collection / "dataset.yaml").write_text(_DATASET.format(source=source.resolve()), "utf-8")
    return root


def _write(folder: Path, count: int) -> None:
    """Write images of 8 x 8 pixels all over the sky: one is made, its position is changed in place."""
    header = fits.Header()
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRPIX1=4.5, CRPIX2=4.5, CDELT1=-1e-4, CDELT2=1e-4)
    header.update({"CRVAL1": 0.0, "CRVAL2": 0.0, "DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 10.0})
    image = fits.PrimaryHDU(np.arange(64, dtype=np.int16).reshape(8, 8), header)
    template = image.header.tostring().encode().ljust(2880) + image.data.tobytes().ljust(2880, b"\0")
    places = [template.index(name) for name in (b"CRVAL1  =", b"CRVAL2  =")]
    random = np.random.default_rng(1)
    ra = random.uniform(0, 360, count)
    dec = np.degrees(np.arcsin(random.uniform(-0.99, 0.99, count)))
    for number in range(count):
        if number % _PER_FOLDER == 0:
            into = folder / f"{number // _PER_FOLDER:05}"
            into.mkdir(parents=True, exist_ok=True)
        body = bytearray(template)
        for place, name, value in zip(places, ("CRVAL1", "CRVAL2"), (ra[number], dec[number]), strict=True):
            body[place : place + 80] = f"{name}  = {value:20.10f}".encode().ljust(80)
        (into / f"cutout-{number:07}.fits").write_bytes(body)


def ingest(root: Path, count: int) -> dict[str, Any]:
    """Ingest in a process that is killed on the way, then in one that is not; publish and count.

    The rate is that of both together.
    """
    faults: list[str] = []
    began = time.monotonic()
    command = [sys.executable, "-m", "tianku", "-r", str(root), "ingest", DATASET]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        killed.wait(max(10, count / 2000))
    except subprocess.TimeoutExpired:
        killed.kill()
    killed.wait()
    connect(root)
    report = ingest_dataset(root, DATASET)
    rate = round(count / (time.monotonic() - began), 1)
    made = report.manifest.products["cutouts"]
    if (made.products, made.rejects.total) != (count, 0):
        faults.append(f"{made.products} of {count} files, {made.rejects.total} rejected")
    publish(root, DATASET, report.revision)
    with repositories.session():
        centre = Centre.open(root)
    try:
        adql = "SELECT COUNT(*) AS n, COUNT(DISTINCT obs_publisher_did) AS d FROM ivoa.obscore"
        with run_adql(centre, ANONYMOUS, adql) as answer:
            counted = [tuple(row.values()) for batch in answer.batches() for row in batch.to_pylist()]
    finally:
        centre.close()
    if counted != [(count, count)]:
        faults.append(f"ObsCore counts {counted}, not {count}")
    return {
        "files": count,
        "files_per_second": rate,
        "kills_resumed": int(killed.returncode == -9),
        "faults": faults,
    }
