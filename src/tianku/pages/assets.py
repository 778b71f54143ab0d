"""Static files: built and collected into the package with hashed names, served outside Django."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

STATIC_FOLDER = Path(__file__).resolve().parent.parent / "static"
STATIC_URL = "/static/"
_MANIFEST = STATIC_FOLDER / "manifest.json"


def asset_url(name: str) -> str:
    """Return the address of a front-end file, e.g. ``viewer.js``, by the build's manifest.

    Without a build the plain name is returned: pages work as text, and the server's 404 names
    the file that is missing.
    """
    stamp = _MANIFEST.stat().st_mtime_ns if _MANIFEST.exists() else 0
    return STATIC_URL + _entries(stamp).get(name, name)


@lru_cache(maxsize=2)
def _entries(stamp: int) -> dict[str, str]:
    if not stamp:
        return {}
    return {str(name): str(path) for name, path in json.loads(_MANIFEST.read_text("utf-8")).items()}


class CollectedFiles(ManifestStaticFilesStorage):
    """Hashed names of the editor's files; plain ones before they were collected."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """Return the collected name of `name`."""
        return str(super().stored_name(name)) if self.hashed_files else name
