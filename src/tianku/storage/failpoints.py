"""Named points at which a test can kill the process, as a power cut would.

``TIANKU_FAILPOINT=ingest.after_sort`` ends the process with code 137 when it gets there;
without the variable a point costs one dictionary look-up.
"""

from __future__ import annotations

import os

VARIABLE = "TIANKU_FAILPOINT"


def failpoint(name: str) -> None:
    """Die here, without any clean-up, when the environment names this point."""
    if os.environ.get(VARIABLE) == name:
        os._exit(137)
