"""Fixtures every suite shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "tianku", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("tianku")

ROOT = Path(__file__).resolve().parent.parent


def _data_folder() -> Path | None:
    named = os.environ.get("TIANKU_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real files; it is never part of the repository."""
    folder = _data_folder()
    if folder is None:
        pytest.skip("real data absent: set TIANKU_TEST_DATA to a folder of real files")
    return folder
