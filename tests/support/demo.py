"""The demo installation, made by the command that users run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SECONDS = 280


def build_demo(folder: Path, *options: str) -> Path:
    """Build and publish the demo in `folder`; `TIANKU_TEST_DEMO` names one to use again."""
    folder = Path(os.environ.get("TIANKU_TEST_DEMO", folder))
    command = [sys.executable, "-m", "tianku", "demo", str(folder), "--no-serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
