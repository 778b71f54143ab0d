"""The pages as a WSGI application.

The server mounts it through a2wsgi and hands it bodies it has read and limited already.
`tianku.state.repositories.setup(…, profile="web")` comes first.
"""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from tianku.pages import site
from tianku.pages.ports.source import Source


def application_for(source: Source) -> WSGIApplication:
    """Return the application that shows `source`; one per process."""
    from django.core.handlers.wsgi import WSGIHandler

    site.install(source)
    return WSGIHandler()
