"""A site over a fake picture and an empty state database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.state import empty_state

if TYPE_CHECKING:
    from django.test import Client

    from tests.pages.fake import FakeSource


@pytest.fixture
def source(tmp_path: Path) -> Iterator[FakeSource]:
    """The picture that the pages show."""
    from tests.pages.fake import FakeSource

    with empty_state(tmp_path):
        from django.conf import settings

        from tianku.pages.wsgi import application_for

        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        fake = FakeSource()
        application_for(fake)
        yield fake


@pytest.fixture
def client(source: FakeSource) -> Client:
    """A browser without scripts."""
    from django.test import Client

    return Client(raise_request_exception=False)
