"""Django application of the web site."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Templates, documents and texts."""

    name = "tianku.pages"
    label = "pages"
    verbose_name = "Tianku"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Compile the Chinese texts to where Django reads them."""
        from pathlib import Path

        from django.conf import settings

        from tianku.pages.messages import install

        install(Path(settings.LOCALE_PATHS[0]))
