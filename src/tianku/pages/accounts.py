"""Registering and logging in, as allauth asks."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Registration is closed unless ``signup`` of site.yaml opens it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether people may make accounts themselves."""
        return bool(settings.TIANKU_SIGNUP)
