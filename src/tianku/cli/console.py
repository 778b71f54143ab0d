"""Talking to the terminal."""

from __future__ import annotations

import logging
from pathlib import Path

import typer
from rich.console import Console

from tianku.model.errors import FatalError, TiankuError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
log = logging.getLogger(__name__)


def root_of(context: typer.Context) -> Path:
    """Return the installation's folder that the root command was given."""
    root = context.obj
    return root if isinstance(root, Path) else Path()


def report_error(error: TiankuError) -> None:
    """Print an error as its caller should read it."""
    err.print(f"[bold red]error[/]: {_escaped(error.message)}", soft_wrap=True)
    if isinstance(error, FatalError):
        err.print(f"incident {error.incident}; the log has the details")


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
