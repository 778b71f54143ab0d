"""access: who may have what, changed while the site runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from tianku.cli.console import out, root_of
from tianku.model.access import Level
from tianku.model.errors import UsageError
from tianku.usecases import access as use

app = typer.Typer(help="Who may have what: rules set while the site runs.", no_args_is_help=True)
Resource = Annotated[str, typer.Argument(help="data set, or data set/table, or data set/product set")]
_WHO = "public, nobody, group:NAME or user:NAME; may be repeated"


@app.command("show")
def show(
    context: typer.Context, resource: Annotated[str | None, typer.Argument(help="all if left out")] = None
) -> None:
    """Show the rules that hold."""
    for line in use.access(root_of(context), resource):
        out.print(f"{line.resource}  {line.text()}", markup=False, soft_wrap=True)


@app.command("set")
def set_access(
    context: typer.Context,
    resource: Resource,
    existence: Annotated[list[str] | None, typer.Option(help=f"who may know of it: {_WHO}")] = None,
    metadata: Annotated[list[str] | None, typer.Option(help="who may see rows and counts")] = None,
    data: Annotated[list[str] | None, typer.Option(help="who may have files and spectra")] = None,
    public: Annotated[
        str | None, typer.Option(help="when everybody gets it: a date or instant (UTC unless it says), or `never`")
    ] = None,
) -> None:
    """Replace levels or the release date of the configuration; what is left out stays as configured."""
    given = {Level.EXISTENCE: existence, Level.METADATA: metadata, Level.DATA: data}
    levels = {level: who for level, who in given.items() if who}
    line = use.set_access(root_of(context), resource, levels, _date(public) if public else None)
    out.print(f"{line.resource}  {line.text()}", markup=False, soft_wrap=True)


@app.command("reset")
def reset(context: typer.Context, resource: Resource) -> None:
    """Go back to what the configuration says."""
    use.reset_access(root_of(context), resource)
    out.print(f"{resource} follows its configuration again.", markup=False)


def _date(text: str) -> datetime | Literal["never"]:
    if text == "never":
        return "never"
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "access.date", "{text} is no date; write one as 2027-01-01 or 2027-01-01T08:00+08:00", text=text
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
