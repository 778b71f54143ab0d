"""``python -m tianku``: the `tianku` command."""

from tianku.cli.main import run

run()
