"""serve and demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.cli.publishing import Bar
from tianku.usecases.demo.build import prepare_demo
from tianku.web.server import serve as run_server

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on")]
Workers = Annotated[int, typer.Option(min=1, help="server processes")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(serve)
    app.command()(demo)


def serve(context: typer.Context, host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1) -> None:
    """Serve the web site and all protocols."""
    run_server(root_of(context), host=host, port=port, workers=workers)


def demo(
    folder: Annotated[Path, typer.Argument(help="folder of the demo installation")] = Path("demo"),
    data: Annotated[Path | None, typer.Option(help="a folder of real LAMOST files to publish too")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="only build and publish")] = False,
) -> None:
    """Build and publish the demo installation (once), then serve it."""
    with Bar() as bar:
        account = prepare_demo(folder, lamost_files=data, progress=bar.step)
    out.print(
        f"Operator account: [bold]{account.user}[/]  password: [bold]{account.password}[/]  ({account.file})"
    )
    if not no_serve:
        out.print(f"Tianku is at [bold]http://{host}:{port}/[/]  (Ctrl-C stops it)")
        run_server(folder, host=host, port=port, workers=workers)
