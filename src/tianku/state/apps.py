"""Django application of the state database."""

from __future__ import annotations

from django.apps import AppConfig


class StateConfig(AppConfig):
    """The models of the state database."""

    name = "tianku.state"
    label = "state"
    verbose_name = "Tianku"
    default_auto_field = "django.db.models.BigAutoField"
