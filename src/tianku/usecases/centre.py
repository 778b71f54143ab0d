"""The services of one process, put together once; routes and commands get it, nothing is global."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tianku.engines.child import ChildEngine
from tianku.engines.duckdb import DuckDBEngine
from tianku.model.config.load import load_site
from tianku.model.config.site import SiteConfig
from tianku.model.sizes import parse_bytes
from tianku.storage.scratch import Scratch
from tianku.usecases.archives.layouts import LayoutCache
from tianku.usecases.current import Current, Shown
from tianku.usecases.picture import Picture
from tianku.usecases.storage import relations_of

log = logging.getLogger(__name__)


#: seconds between two looks at the generation
POLL_SECONDS = 0.5
#: seconds between two notes of which serving copies are used
NOTE_SECONDS = 60.0


class Centre:
    """Everything the routes need, injected.

    Attributes
    ----------
    short
        The lane of queries bounded by a HEALPix range or an id, in this process.
    long
        The lane of everything else: each query in a child process.
    archives
        Layouts of archives that are being downloaded.
    clock
        Seconds since 1970, as every decision about release dates reads them.
    """

    def __init__(
        self, root: Path, site: SiteConfig, *, workers: int = 1, clock: Callable[[], float] = time.time
    ) -> None:
        self.clock = clock
        self.root = root
        self.site = site
        self.data_root = (root / site.data_root).resolve()
        self.originals = self.data_root / "originals"
        self._shown = Shown(self.data_root)
        self.store = self._shown.source.store
        cores = max(1, (os.cpu_count() or 1) // workers)
        self._scratch = Scratch(self.data_root / "tmp")
        temp = self._scratch.path
        self.short = DuckDBEngine(
            relations_of(self.current().stored.values()),
            threads=cores,
            memory_bytes=parse_bytes(site.memory) // workers,
            temp_dir=temp,
            cursors=max(2, cores),
        )
        self.long = ChildEngine(
            threads=cores,
            memory_bytes=parse_bytes(site.limits.query_memory),
            temp_dir=temp,
            children=max(1, site.limits.query_children // workers),
        )
        self.archives = LayoutCache()
        self._stop = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="tianku-generation", daemon=True)
        self._poller.start()

    @classmethod
    def open(cls, root: Path, workers: int = 1, clock: Callable[[], float] = time.time) -> Centre:
        """Open the installation in `root`, whose state database must be set up (`repositories.setup`)."""
        return cls(root, load_site(root), workers=workers, clock=clock)

    def picture(self) -> Picture:
        """Return the picture of the current generation."""
        return self.current().picture

    def current(self) -> Current:
        """Return the picture together with where its rows are; one query uses one."""
        return self._shown.current()

    def refresh(self) -> bool:
        """Take up a newer generation if there is one; queries that run keep theirs."""
        fresh = self._shown.changed()
        if fresh is None:
            return False
        self.short.replace(relations_of(fresh.stored.values()))
        self._shown.take_up(fresh)
        return True

    def close(self) -> None:
        """Stop polling and release the engines."""
        self._stop.set()
        self._poller.join(timeout=10)
        self.short.close()
        self.long.close()
        self._scratch.close()

    def _poll(self) -> None:
        noted = time.monotonic()
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.refresh()
                if time.monotonic() - noted > NOTE_SECONDS:
                    noted = time.monotonic()
                    self.current().note_use()
            except Exception:  # the old picture keeps serving; the next poll tries again
                log.exception("the new generation could not be taken up")
