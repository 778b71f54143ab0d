"""The front end's files: those with a hash in their name never change."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

#: ``name-AH7X4RSH.css`` of the bundler and ``name.1a2b3c4d5e6f.css`` of Django's collector
_HASHED = re.compile(r"-[0-9A-Z]{8}\.\w+$|\.[0-9a-f]{12}\.\w+$")
FOLDER = Path(__file__).resolve().parent.parent / "static"


class HashedFiles(StaticFiles):
    """Static files whose hashed names may be kept for ever, and others for five minutes."""

    def __init__(self, directory: Path = FOLDER) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with its Cache-Control."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            hashed = _HASHED.search(path) is not None
            response.headers["cache-control"] = (
                "public, max-age=31536000, immutable" if hashed else "public, max-age=300"
            )
        return response
