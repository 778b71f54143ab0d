"""Runs the examples of one page, in order, in one folder, as its reader would."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest

from tests.docs.blocks import Block

ADDRESS = "127.0.0.1:8000"


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which `tianku` and this Python are found first."""
    here = str(Path(sys.executable).parent)
    return (
        os.environ | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "160"} | more
    )


def wait_for(address: str, server: subprocess.Popen[str], seconds: float = 60) -> None:
    """Wait until `address` answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        with contextlib.suppress(OSError):  # a listening socket may answer late
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Session:
    """One reader of one page.

    Parameters
    ----------
    address
        What stands for ``127.0.0.1:8000`` of the page; a free port if None, for pages that serve.
    """

    def __init__(self, folder: Path, address: str | None, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._address = address or f"127.0.0.1:{free_port()}"
        self._environment = environment(**variables)
        self._names: dict[str, object] = {"__name__": "__page__"}
        self._servers: list[subprocess.Popen[str]] = []

    def run(self, block: Block) -> None:
        """Run one block and compare what it does with what the page says."""
        missing = [program for program in block.needs if shutil.which(program) is None]
        if missing:
            pytest.skip(f"{', '.join(missing)} not installed")
        port = self._address.rpartition(":")[2]
        code = block.code.replace(ADDRESS, self._address).replace("--port 8000", f"--port {port}")
        if "serve" in block.words:
            self._serve(code)
            return
        succeeded, output = self._python(block, code) if block.language == "python" else self._shell(code)
        assert succeeded != bool(block.fails), f"{block}:\n{output}"
        for text in (*block.prints, *block.fails):
            assert text in output, f"{block}: {text!r} is not in\n{output}"

    def _shell(self, code: str) -> tuple[bool, str]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code], cwd=self.folder, env=self._environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=200,
        )  # fmt: skip
        return done.returncode == 0, done.stdout

    def _python(self, block: Block, code: str) -> tuple[bool, str]:
        output = io.StringIO()
        program = compile("\n" * (block.line - 1) + code, str(block.page), "exec")
        with (
            mock.patch.dict(os.environ, self._environment),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(output),
        ):
            exec(program, self._names)
        return True, output.getvalue()

    def _serve(self, code: str) -> None:
        # a group of its own, so that the shell, the supervisor and the workers end together
        server = subprocess.Popen(
            ["bash", "-c", code], cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self._servers.append(server)
        wait_for(f"http://{self._address}", server)

    def close(self) -> None:
        """End the servers that the page started."""
        for server in self._servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(45)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                raise
