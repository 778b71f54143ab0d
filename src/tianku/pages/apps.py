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
        """Compile the Chinese texts to where Django reads them, and read them."""
        from pathlib import Path

        from django.conf import settings
        from django.utils import translation

        from tianku.pages.messages import install

        install(Path(settings.LOCALE_PATHS[0]))
        with translation.override("zh-hans"):
            # Kept in memory from here on: the folder is a cache that may be emptied.
            translation.gettext("Data")
