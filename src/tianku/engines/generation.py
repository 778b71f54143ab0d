"""One instance and those who use it: it closes when it was replaced and its last query ended."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Hashable, Iterable

import duckdb

from tianku.engines.base import Relation
from tianku.engines.instance import Settings, Source, open_instance
from tianku.model.recent import Recent


class Generation:
    """A reference-counted instance."""

    def __init__(self, settings: Settings, sources: Iterable[Source]) -> None:
        self._settings = settings
        self.instance = open_instance(settings, sources)
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._closed = False
        #: SQL texts made for this instance, by what they were made from
        self.texts: Recent[Hashable, str] = Recent(1000)

    def covers(self, relations: Iterable[Relation]) -> bool:
        """True when every one of `relations` can be read here."""
        attached, files = self.instance.attached, self.instance.files
        return all(r.table is not None or r.uid in attached or files.issuperset(r.files) for r in relations)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own to the instance; call `hold` first."""
        return self.instance.connection.cursor()

    def hold(self) -> Generation:
        """Keep the instance open until `release`."""
        with self._lock:
            self._users += 1
        return self

    def release(self) -> None:
        """Undo one `hold`."""
        with self._lock:
            self._users -= 1
        self._close_if_idle()

    def retire(self) -> None:
        """Close as soon as nobody holds it."""
        with self._lock:
            self._retired = True
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        with self._lock:
            idle = self._retired and self._users == 0 and not self._closed
            self._closed = self._closed or idle
        if idle:
            self.instance.close()
            shutil.rmtree(self._settings.temp_dir, ignore_errors=True)
