"""What is built once however many test processes run: the first builds it, the others wait for it."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def once(factory: pytest.TempPathFactory, worker: str, name: str, build: Callable[[Path], T]) -> T:
    """Return what `build` makes of a folder called `name`; processes of one run share it.

    `worker` is pytest-xdist's ``worker_id``, ``master`` without it.
    """
    if worker == "master":
        return build(factory.mktemp(name))
    base = factory.getbasetemp().parent
    made = base / f"{name}.pickle"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder = base / name
            folder.mkdir()
            made.write_bytes(pickle.dumps(build(folder)))
    found: T = pickle.loads(made.read_bytes())
    return found
