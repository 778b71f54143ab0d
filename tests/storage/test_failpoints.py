"""Points of failure: the list of them is the truth, and a process dies where it is told to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import tianku
from tianku.storage.failpoints import POINTS


def test_every_point_is_listed_and_every_listed_point_is_somewhere() -> None:
    sources = Path(tianku.__file__).parent.rglob("*.py")
    used = {name for path in sources for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text("utf-8"))}
    assert used == set(POINTS) and len(POINTS) == len(set(POINTS))


def test_once_kills_the_first_that_gets_there(tmp_path: Path) -> None:
    program = "from tianku.storage.failpoints import failpoint; failpoint('here')"
    environment = os.environ | {"TIANKU_FAILPOINT": "here", "TIANKU_FAILPOINT_ONCE": str(tmp_path / "died")}
    codes = [subprocess.run([sys.executable, "-c", program], env=environment).returncode for _ in range(3)]
    assert codes == [137, 0, 0] and (tmp_path / "died").exists()
