"""Say what is wrong or missing in a configuration, per protocol: what `tianku check` prints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tianku.model.config import ConfigError, LoadedDataset, load_installation
from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.usecases.check.dataset import check_dataset, check_parent
from tianku.usecases.check.finding import Finding, Report
from tianku.usecases.check.in_place import check_in_place
from tianku.usecases.check.products import check_products
from tianku.usecases.check.tables import check_table

__all__ = ["Finding", "check", "check_installation"]


def check(
    dataset: LoadedDataset,
    columns: Mapping[str, Sequence[Column]] | None = None,
    *,
    authority: str = "org.example",
    known: Collection[str] | None = None,
) -> list[Finding]:
    """Check one dataset, errors first.

    Parameters
    ----------
    columns
        The columns of its tables when they are known (after ingest); else the first file of each table
        is opened to see them.
    authority
        The installation's IVOA authority.
    known
        Every data set and collection there is; None when that is not known.
    """
    report = Report(dataset)
    check_dataset(report)
    if known is not None:
        check_parent(report, known)
    for table in dataset.config.tables:
        check_table(report, table, (columns or {}).get(table))
    for name in dataset.config.products:
        check_products(report, name, authority)
    return sorted(report.findings, key=lambda f: (f.severity, str(f.file), f.line))


def check_installation(root: Path, dataset: str | None = None) -> list[Finding]:
    """Check the configuration of an installation, or one dataset of it.

    Mistakes that keep the configuration from being read are findings too.

    Raises
    ------
    NotFoundError
        When there is no such dataset.
    """
    try:
        installation = load_installation(root)
    except ConfigError as error:
        return [Finding("error", p.file, p.line, p.key or "file", p.message, p.fix) for p in error.problems]
    except UsageError as error:
        return [Finding("error", Path(str(error.params.get("file", root))), _line(error), "file", error.message)]
    chosen = [installation.dataset(dataset)] if dataset else list(installation.datasets.values())
    known = {*installation.datasets, *installation.collections}
    said = [f for one in chosen for f in check(one, authority=installation.site.authority, known=known)]
    return said + [f for one in chosen for f in check_in_place(Report(one), installation.data_root)]


def _line(error: UsageError) -> int:
    line = error.params.get("line", 1)
    return line if isinstance(line, int) else 1
