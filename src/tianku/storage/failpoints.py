"""Named points at which a test can kill the process, as a power cut would.

``TIANKU_FAILPOINT=ingest.after_sort`` ends the process with code 137 when it gets there;
without the variable a point costs one dictionary look-up. With ``TIANKU_FAILPOINT_ONCE`` naming
a file, it ends the first process alone that gets there, which leaves that file behind.
"""

from __future__ import annotations

import os

VARIABLE = "TIANKU_FAILPOINT"
ONCE = "TIANKU_FAILPOINT_ONCE"

#: every point there is, in the order in which work passes them; tests kill at each
POINTS: tuple[str, ...] = (
    "ingest.after_sort",
    "ingest.mid_write",
    "ingest.after_write",
    "ingest.before_manifest",
    "ingest.after_table",
    "packs.before_rename",
    "packs.after_rename",
    "products.after_chunk",
    "products.after_index",
    "commit.before_sync",
    "commit.before_rename",
    "commit.after_rename",
    "downloads.after_file",
    "publish.before_flip",
    "publish.after_flip",
    "gc.before_forget",
    "gc.after_forget",
    "gc.mid_delete",
    "jobs.created",
    "jobs.queued",
    "jobs.claimed",
    "jobs.pinned",
    "jobs.started",
    "jobs.mid_result",
    "jobs.after_result",
    "jobs.before_answer",
    "jobs.before_complete",
    "jobs.after_complete",
    "jobs.deleted",
)


def failpoint(name: str) -> None:
    """Die here, without any clean-up, when the environment names this point."""
    if os.environ.get(VARIABLE) == name and _first():
        os._exit(137)


def _first() -> bool:
    marker = os.environ.get(ONCE)
    if marker is None:
        return True
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
