"""init, describe and check: before any data move."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.usecases.check import check_installation
from tianku.usecases.describe import describe
from tianku.usecases.installation import create


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command("init")(init)
    app.command("describe")(describe_files)
    app.command("check")(check)


def init(
    folder: Annotated[Path, typer.Argument(help="new folder of the installation")],
    authority: Annotated[str, typer.Option(help="IVOA authority")] = "org.example",
    title: Annotated[str, typer.Option(help="name of the site")] = "Tianku",
) -> None:
    """Make an installation: site.yaml, folders and the state database."""
    create(folder, authority=authority, title=title)
    out.print(f"Made {folder}/site.yaml. Next: put data sets under {folder}/collections, then")
    out.print(f"  tianku -r {folder} ingest DATASET && tianku -r {folder} publish DATASET")


def describe_files(
    files: Annotated[list[Path], typer.Argument(help="tables, spectra or images", exists=True)],
    dataset: Annotated[str, typer.Option(help="id of the data set to write")] = "my-data",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write instead of the screen")
    ] = None,
) -> None:
    """Look at files and write a complete configuration for them."""
    found = describe(files, dataset=dataset, root=output.parent if output else None)
    if output is None:
        typer.echo(found.to_yaml())
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    written = {output: found.to_yaml()}
    if not any((folder / "collection.yaml").exists() for folder in output.resolve().parents[:3]):
        written[output.parent / "collection.yaml"] = found.collection_yaml()
    for path, text in written.items():
        path.write_text(text, "utf-8")
        out.print(f"Wrote {path}")


def check(context: typer.Context, dataset: Annotated[str | None, typer.Argument()] = None) -> None:
    """Say what is wrong or missing in the configuration, per protocol, with suggestions."""
    findings = check_installation(root_of(context), dataset)
    for finding in findings:
        out.print(str(finding), markup=False, soft_wrap=True)
    errors = sum(finding.severity == "error" for finding in findings)
    out.print(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)
