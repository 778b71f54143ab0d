"""user and token: who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.usecases import accounts as use

users = typer.Typer(help="Accounts.", no_args_is_help=True)
tokens = typer.Typer(help="Personal access tokens.", no_args_is_help=True)


@users.command("add")
def add_user(
    context: typer.Context,
    username: str,
    email: Annotated[str, typer.Option()] = "",
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="may be repeated")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="sees and does everything")] = False,
    password: Annotated[str | None, typer.Option(envvar="TIANKU_PASSWORD", help="asked for when left out")] = None,
) -> None:
    """Add an account."""
    secret = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    record = use.add_user(
        root_of(context), username, secret, email=email, groups=tuple(group or ()), operator=operator
    )
    out.print(f"Added {record.username}.")


@users.command("list")
def list_users(context: typer.Context) -> None:
    """List accounts."""
    for record in use.list_users(root_of(context)):
        marks = ["operator"] * record.operator + ["disabled"] * (not record.active) + sorted(record.groups)
        out.print(f"{record.username}  {' '.join(marks)}", markup=False)


@users.command("disable")
def disable_user(context: typer.Context, username: str) -> None:
    """Disable an account; its sessions and tokens stop within a second."""
    use.disable_user(root_of(context), username)
    out.print(f"{username} is disabled.")


@tokens.command("create")
def create_token(
    context: typer.Context,
    username: str,
    label: Annotated[str, typer.Option(help="what it is for")] = "",
    days: Annotated[int, typer.Option(min=1, help="how long it works")] = 90,
) -> None:
    """Create a token; its secret is shown once."""
    secret, record = use.create_token(root_of(context), username, label=label, lifetime=timedelta(days=days))
    out.print(f"Token {record.id} of {record.user}, until {record.expires}:")
    typer.echo(secret)


@tokens.command("revoke")
def revoke_token(context: typer.Context, username: str, token: int) -> None:
    """Revoke a token."""
    use.revoke_token(root_of(context), username, token)
    out.print(f"Token {token} is revoked.")
