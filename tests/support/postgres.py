"""A PostgreSQL server of the machine's own, for tests of the state database and of tables read from one."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tianku.state import repositories as state

_USER = "postgres"


@contextmanager
def postgresql(root: Path) -> Iterator[None]:
    """Point this process at an empty migrated database of a server that lives as long as the process.

    Skips where Debian's PostgreSQL or psycopg is not installed.
    """
    pytest.importorskip("psycopg")
    folder = _server()
    name = f"t{time.monotonic_ns()}"
    _run("createdb", "-h", folder, "-U", _USER, "-T", _template(folder), name)
    try:
        state.setup(root, _address(folder, name), profile="web")
        yield
    finally:
        _disconnect()
        _run("dropdb", "-h", folder, "-U", _USER, "--force", name)


@contextmanager
def database(script: str) -> Iterator[str]:
    """Give the address of a database of its own, after running `script` in it; skips as `postgresql` does."""
    folder = _server()
    name = f"d{time.monotonic_ns()}"
    _run("createdb", "-h", folder, "-U", _USER, name)
    try:
        run_sql(_address(folder, name), script)
        yield _address(folder, name)
    finally:
        _run("dropdb", "-h", folder, "-U", _USER, "--force", name)


def run_sql(address: str, script: str) -> str:
    """Run statements in one transaction, and return what the last of them prints."""
    return _run("psql", address, "-X", "-q", "-A", "-t", "-1", "-v", "ON_ERROR_STOP=1", "-c", script)


def _address(folder: str, name: str) -> str:
    return f"postgresql://{_USER}@/{name}?host={folder}"


@cache
def _server() -> str:
    """Return the folder of the socket of a running server; without fsync, its data are nobody's."""
    if not _programs():
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    folder = tempfile.mkdtemp(prefix="tianku-pg-")
    if os.geteuid() == 0:
        shutil.chown(folder, _USER)
    data = f"{folder}/data"
    _run("initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
    _run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
    atexit.register(_stop, folder)
    return folder


def _stop(folder: str) -> None:
    _run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@cache
def _template(folder: str) -> str:
    """Return the name of a database with the tables of the state."""
    _run("createdb", "-h", folder, "-U", _USER, "template_state")
    with tempfile.TemporaryDirectory(prefix="tianku-state-") as root:
        state.setup(Path(root), _address(folder, "template_state"), profile="web")
        from django.core.management import call_command

        call_command("migrate", "state", interactive=False, verbosity=0)
        call_command("migrate", "sessions", interactive=False, verbosity=0)
        _disconnect()
    return "template_state"


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


def _run(program: str, *words: str) -> str:
    folder = _programs()
    assert folder is not None
    # the server refuses to run as root
    user = _USER if os.geteuid() == 0 else None
    done = subprocess.run([str(folder / program), *words], user=user, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
