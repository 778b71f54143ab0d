"""A small archive with every kind of access, built once for a test session and copied by those who change it."""

from __future__ import annotations

import importlib.resources
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import yaml
from astropy.io import fits

from tests.support.state import empty_state
from tianku.products.simulate import simulate_release
from tianku.state import repositories as state
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

STARS, SPECTRA = "hipparcos", "lamost-sim/dr10/v2.0"
#: one product whose file is longer than all buffers between a server and a client
LARGE, LARGE_BYTES = "large/dr1", 24 << 20
#: small, and what tests of killed ingests change
KILLED = "killed/dr1"
#: listed, but rows and files are for the group; and rows for everybody, files for the group
CLOSED, HALF = "secret/dr1", "half/dr1"
#: built, not published: nobody but the group may know of them once they are
HIDDEN = ("hidden/dr1", "lamost-sim/dr10/v2.5")
GROUP, APPLY = "team", "write to archive@example.org"
_TEAM = [f"group:{GROUP}"]
_ACCESS = {
    CLOSED: {"metadata": _TEAM, "data": _TEAM, "apply": APPLY},
    HALF: {"data": _TEAM, "apply": APPLY},
} | {dataset: {"existence": _TEAM, "apply": APPLY} for dataset in HIDDEN}
_HASHER = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


@dataclass(frozen=True)
class Archive:
    """An installation on disk; `tokens` by account: an outsider, a member of the group, an operator."""

    root: Path
    tokens: dict[str, str]
    passwords: dict[str, str]

    def copy(self, target: Path) -> Archive:
        """Copy it to `target`; immutable files are shared."""
        shutil.copytree(self.root, target, copy_function=_share, dirs_exist_ok=True)
        return Archive(target, self.tokens, self.passwords)

    def headers(self, account: str | None) -> dict[str, str]:
        """Headers by which `account` (None: anonymous) is known."""
        return {} if account is None else {"Authorization": f"Bearer {self.tokens[account]}"}


def _share(source: str, target: str) -> object:
    immutable = "/snapshots/" in source or "/cache/" in source or source.endswith(".fits.gz")
    return os.link(source, target) if immutable else shutil.copy2(source, target)


def build_archive(root: Path) -> Archive:
    """Configure, ingest and publish; the hidden data sets are built but not published."""
    simulate_release(root / "sources", n_lrs=40)
    _large_file(root / "sources")
    _configure(root)
    (root / "data").mkdir()
    with empty_state(root / "data"):
        for dataset in (STARS, SPECTRA, LARGE, KILLED, CLOSED, HALF, *HIDDEN):
            ingest_dataset(root, dataset)
        for dataset in (STARS, SPECTRA, LARGE, KILLED, CLOSED, HALF):
            publish(root, dataset)
            make_downloads(root, dataset)
        tokens, passwords = _accounts()
    return Archive(root, tokens, passwords)


@contextmanager
def state_of(archive: Archive) -> Iterator[None]:
    """Point this process at the state database of `archive`, as a command on the same machine does."""
    from tianku.usecases.installation import connect

    connect(archive.root, profile="web")
    with state.session():
        yield


def _large_file(sources: Path) -> None:
    first = min((sources / "spectra").rglob("*.fits.gz"))
    filler = fits.ImageHDU(np.random.default_rng(1).integers(0, 255, LARGE_BYTES, dtype=np.uint8))
    with fits.open(first) as opened:
        fits.HDUList([*opened, filler]).writeto(sources / "large.fits")


def _configure(root: Path) -> None:
    sources = dict.fromkeys(["lamost-sim", LARGE, KILLED, CLOSED, HALF, HIDDEN[0]], "sources")
    site = {"authority": "archive.example", "title": {"en": "Archive", "zh": "档案"}, "sources": sources}
    _write(root / "site.yaml", site | {"limits": {"sync_rows": 10**8, "default_rows": 10**8}})
    collections = root / "collections"
    with importlib.resources.as_file(importlib.resources.files("tianku.usecases.demo")) as demo:
        for name in ("hipparcos", "lamost-sim"):
            shutil.copytree(demo / "collections" / name, collections / name)
    for dataset in (LARGE, KILLED, CLOSED, HALF, HIDDEN[0]):
        collection = dataset.split("/")[0]
        _write(collections / collection / "collection.yaml", _collection(collection))
        _write(collections / dataset / "dataset.yaml", _small(dataset))
        rows = "".join(f"{i},{10 + i / 10},{20 + i / 10},{5 + i}\n" for i in range(30))
        (root / "sources" / f"{collection}_rows.csv").write_text(f"id,ra,dec,{collection}_mag\n{rows}")
    newer = {"dataset": HIDDEN[1], "extends": SPECTRA, "supersedes": SPECTRA, "access": _ACCESS[HIDDEN[1]]}
    _write(collections / HIDDEN[1] / "dataset.yaml", newer)


def _collection(name: str) -> dict[str, object]:
    place = {"lon": 117.58, "lat": 40.39, "height": 960, "local_time": "+08:00"}
    return {"collection": name, "title": {"en": f"{name} survey", "zh": name}, "telescope": place}


def _small(dataset: str) -> dict[str, object]:
    name = dataset.split("/")[0]
    position = [{"ra": "ra", "dec": "dec"}]
    table = {"from": f"{name}_rows.csv", "id": "id", "positions": position}
    spectra = {
        "type": "spectrum",
        "from": "large.fits" if dataset == LARGE else "spectra/58800/**/*.fits.gz",
        "reader": "lamost",
        "key": {"first": ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]},
        "obscore": {"calib_level": 2, "target_name": "DESIG"},
    }
    return {
        "dataset": dataset,
        "title": f"{name} data",
        "tables": {"stars": table, "more": table | {"positions": []}},
        "relations": ["more.id -> stars.id"],
        "products": {"lrs": spectra},
        "access": _ACCESS.get(dataset, {}),
    }


def _write(path: Path, said: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), "utf-8")


def _accounts() -> tuple[dict[str, str], dict[str, str]]:
    from django.test import override_settings

    # hashed as the servers expect it, who have no short cut for tests
    expires = datetime.now(UTC) + timedelta(days=1)
    passwords = {name: f"{name} has a long pass phrase" for name in ("outsider", "member", "operator")}
    with override_settings(PASSWORD_HASHERS=_HASHER), state.session():
        for name, password in passwords.items():
            groups = (GROUP,) if name == "member" else ()
            state.create_user(name, password=password, operator=name == "operator", groups=groups)
        tokens = {name: state.create_token(name, expires=expires)[0] for name in passwords}
    return tokens, passwords
