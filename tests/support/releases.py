"""A small collection with versions: changed tables, shared spectra, rows that open one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.state import empty_state
from tianku.products.simulate.release import simulate_release
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

KEY = {"first": ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]}
SPECTRA = {
    "type": "spectrum",
    "from": "spectra/**/*.fits.gz",
    "reader": "lamost",
    "key": KEY,
    "obscore": {"calib_level": 2, "target_name": "DESIG"},
}


class Clock:
    """Seconds since 1970, set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Releases:
    """An installation in `root`; data sets are added to it while the state database is open."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = root / "sources"
        self.sources.mkdir(parents=True)
        (root / "data").mkdir()
        site = {"authority": "test.example", "title": "Test", "sources": {"sim": str(self.sources)}}
        self._write("site.yaml", site)

    def collection(self, **more: Any) -> None:
        """Configure the collection ``sim``."""
        place = {"lon": 117.58, "lat": 40.39, "height": 960, "local_time": "+08:00"}
        said = {"collection": "sim", "title": {"en": "Simulated", "zh": "模拟"}, "telescope": place}
        self._write("collections/sim/collection.yaml", said | more)

    def configure(self, dataset: str, **said: Any) -> None:
        """Write the configuration of a data set, and nothing more."""
        self._write(f"collections/{dataset}/dataset.yaml", {"dataset": dataset, **said})

    def add(self, dataset: str, **said: Any) -> None:
        """Configure, ingest and publish a data set."""
        self.configure(dataset, **said)
        ingest_dataset(self.root, dataset)
        publish(self.root, dataset)

    def spectra(self, count: int) -> None:
        """Simulate files of low-resolution spectra below the sources."""
        simulate_release(self.sources, n_lrs=count)

    def csv(self, name: str, text: str) -> None:
        """Write a source file."""
        (self.sources / name).write_text(text, encoding="utf-8")

    def _write(self, path: str, said: dict[str, Any]) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")

    @contextmanager
    def opened(self, clock: Callable[[], float]) -> Iterator[Centre]:
        """Give a centre that serves what is published."""
        centre = Centre.open(self.root, clock=clock)
        try:
            yield centre
        finally:
            centre.close()


@contextmanager
def releases(root: Path) -> Iterator[Releases]:
    """Give an empty installation whose state database is this process's."""
    made = Releases(root)
    made.collection()
    with empty_state(root / "data"):
        yield made
