"""ingest, publish, withdraw, list and remove."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from tianku.cli.console import out, root_of
from tianku.model.config.load import load_site
from tianku.usecases import publish as use
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import IngestReport, ingest_dataset
from tianku.usecases.optimise import optimise_dataset
from tianku.usecases.progress import Step
from tianku.usecases.serving import build_serving_copies

Dataset = Annotated[str, typer.Argument(help="id of the data set, e.g. lamost/dr10/v2.0")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (ingest, optimise, publish, downloads, withdraw, remove):
        app.command()(command)
    app.command("list")(list_datasets)


def ingest(
    context: typer.Context,
    dataset: Dataset,
    show: Annotated[bool, typer.Option("--publish", help="publish it at once when it is built")] = False,
    append: Annotated[
        bool, typer.Option("--append", help="add new source files as a segment; write nothing else again")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="build it even when nothing changed")] = False,
) -> None:
    """Build a snapshot from the sources, without showing it."""
    root = root_of(context)
    with Bar() as bar:
        report = ingest_dataset(root, dataset, progress=bar.step, force=force, append=append, copies=not show)
    print_report(report)
    if show:  # shown when its rows are there; what only makes it faster comes after
        use.publish(root, dataset, report.revision)
        out.print(f"{dataset} is published.")
        site = load_site(root)
        with Bar() as bar:
            build_serving_copies((root / site.data_root).resolve(), site, report.manifest, report.folder, bar.step)
        _make_downloads(root, dataset)


def optimise(
    context: typer.Context,
    dataset: Dataset,
    show: Annotated[bool, typer.Option("--publish", help="publish it at once when it is built")] = False,
) -> None:
    """Build a snapshot in which added segments are one with the rest, without showing it."""
    root = root_of(context)
    with Bar() as bar:
        report = optimise_dataset(root, dataset, progress=bar.step)
    for line in report.lines():
        out.print(line, markup=False)
    if show and report.tables:
        use.publish(root, dataset, report.revision)
        out.print(f"{dataset} is published.")
        _make_downloads(root, dataset)


def publish(
    context: typer.Context,
    dataset: Dataset,
    revision: Annotated[int | None, typer.Option(help="which snapshot; the newest if left out")] = None,
) -> None:
    """Show a snapshot: one atomic flip."""
    record = use.publish(root_of(context), dataset, revision)
    out.print(f"{dataset} is published at revision {record.revision}.")
    _make_downloads(root_of(context), dataset)


def downloads(context: typer.Context, dataset: Dataset) -> None:
    """Make the whole-table files that a published data set lacks (`publish` does it too)."""
    _make_downloads(root_of(context), dataset)


def _make_downloads(root: Path, dataset: str) -> None:
    with Bar() as bar:
        made = make_downloads(root, dataset, progress=bar.step)
    size = sum(one.bytes for one in made.files)
    if made.files:
        out.print(f"{len(made.files)} whole-table file(s) of {dataset} can be downloaded, {size / 1e6:,.1f} MB.")


def withdraw(context: typer.Context, dataset: Dataset) -> None:
    """Hide a data set; `publish` shows it again."""
    record = use.withdraw(root_of(context), dataset)
    out.print(f"{dataset} is withdrawn (revision {record.revision}); `tianku publish {dataset}` shows it again.")


def remove(
    context: typer.Context,
    dataset: Dataset,
    revision: Annotated[int | None, typer.Option(help="which snapshot; all if left out")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> None:
    """Delete snapshots that are not published."""
    if not yes:
        typer.confirm(f"Delete the snapshots of {dataset}?", abort=True)
    removed = use.remove(root_of(context), dataset, revision)
    out.print(f"Removed revisions {', '.join(map(str, removed)) or '(none)'} of {dataset}.")


def list_datasets(context: typer.Context) -> None:
    """List configured and published data sets."""
    table = Table("data set", "revision", "state", "tables", "rows", "products")
    for row in use.listing(root_of(context)):
        table.add_row(
            row.dataset, str(row.revision or "-"), row.state, str(row.tables), f"{row.rows:,}", f"{row.products:,}"
        )
    out.print(table)


def print_report(report: IngestReport) -> None:
    """Say what an ingest did, rejects first."""
    for line in report.lines():
        out.print(line, markup=False)


class Bar:
    """A progress bar with rate and remaining time per step of an ingest."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}{task.fields[of]} {task.fields[unit]}  {task.fields[rate]}"),
            TimeRemainingColumn(),
            console=out,
        )
        self._tasks: dict[str, TaskID] = {}

    def step(self, step: Step) -> None:
        """Show how far one step is."""
        of = f"/{step.total:,}" if step.total else ""
        rate = f"{step.rate:,.0f} {step.unit}/s" if step.rate else ""
        if step.name not in self._tasks:
            self._tasks[step.name] = self._progress.add_task(
                step.name, total=step.total, unit=step.unit, rate=rate, of=of
            )
        self._progress.update(
            self._tasks[step.name], completed=step.done, total=step.total, unit=step.unit, rate=rate, of=of
        )

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()
