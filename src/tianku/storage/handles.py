"""How many files a process may have open."""

from __future__ import annotations

import resource


def raise_open_files() -> int:
    """Allow this process as many open files as the system grants it, and return how many.

    Every serving copy and every waiting connection is one; the usual soft limit of 1024 is reached
    by the tables of some fifty versions.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
