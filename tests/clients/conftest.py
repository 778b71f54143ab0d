"""Real clients, run as their users run them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

Stilts = Callable[..., str]


@pytest.fixture(scope="session")
def stilts() -> Stilts:
    """Run one STILTS task and return what it printed; skips where STILTS is not installed."""
    program = shutil.which("stilts")
    if program is None:
        pytest.skip("stilts is not installed (Debian: stilts)")

    def run(*words: str) -> str:
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr

    return run
