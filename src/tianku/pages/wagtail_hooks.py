"""What editors see of Wagtail: documents and users, no uploads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail import hooks

_UPLOADS = frozenset({"images", "documents"})


@hooks.register("construct_main_menu")
def hide_uploads(request: HttpRequest, items: list[Any]) -> None:
    """Leave out the menus of images and files: user files are not served from here."""
    items[:] = [item for item in items if item.name not in _UPLOADS]
