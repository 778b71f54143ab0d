"""Tables: sources, positions, ids and links, and what TAP, cone search and EPN-TAP need of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from tianku.catalogue.preview import preview_table
from tianku.model.config import TableConfig
from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.usecases.check.columns import check_columns
from tianku.usecases.check.finding import Report
from tianku.usecases.preflight import date_problem, expression_problems

#: EPN-TAP 2.0, §2.1: columns every table must have
_EPNTAP = (
    *("granule_uid", "granule_gid", "obs_id", "dataproduct_type", "measurement_type", "processing_level"),
    *("target_name", "target_class", "time_min", "time_max", "spatial_frame_type", "instrument_host_name"),
    *("instrument_name", "service_title", "creation_date", "modification_date", "release_date"),
)


def check_table(report: Report, table: str, columns: Sequence[Column] | None = None) -> None:
    """Check one table; its columns are read from its first file when `columns` is not given."""
    config = report.dataset.config.tables[table]
    if columns is None:
        columns = _columns(report, table, config)
    if not (config.title or config.description):
        report.warning(("tables", table), "the table has no title", "add `title:`", "tap")
    if columns:
        check_columns(report, table, columns)
        _check_positions(report, table, config, columns)
        _check_id(report, table, config, columns)
        _check_link(report, table, config, columns)
    _check_cone_search(report, table, config)
    if "epntap" in config.protocols:
        lacking = [n for n in _EPNTAP if n not in {c.name.lower() for c in columns or ()}]
        if lacking:
            where = ("tables", table, "protocols")
            report.error(where, f"EPN-TAP needs the columns {', '.join(lacking)}", "add them", "epntap")


def _columns(report: Report, table: str, config: TableConfig) -> tuple[Column, ...]:
    """Return the columns the table would publish, by its configuration and the headers of its files."""
    if config.same_as:
        return ()
    try:
        plan, schema = preview_table(report.dataset, table)
    except UsageError as error:
        report.error(("tables", table, "from"), error.message)
        return ()
    for name, problem in expression_problems(plan, schema):
        report.error(("tables", table, "columns", name, "expression"), problem)
    if date := date_problem(plan):
        report.error(("tables", table, "access", "public_from"), date)
    for warning in plan.warnings:
        report.warning(("tables", table, "columns"), warning, protocol="tap")
    return tuple(c.meta for c in plan.columns)


def _check_positions(report: Report, table: str, config: TableConfig, columns: Sequence[Column]) -> None:
    by_name = {c.name.lower(): c for c in columns}
    for number, position in enumerate(config.positions):
        for role in ("ra", "dec"):
            name = getattr(position, role)
            where = ("tables", table, "positions", number, role)
            column = by_name.get(name.lower())
            if column is None:
                report.error(where, f"there is no column {name}", _near(name, by_name), "scs")
            elif position.format in ("degrees", "hours") and column.type is DataType.STRING:
                fix = "add `format: sexagesimal`, or give the column a numeric type"
                report.error(where, f"{name} is text, not a number of {position.format}", fix, "scs")


def _check_id(report: Report, table: str, config: TableConfig, columns: Sequence[Column]) -> None:
    if config.id is None:
        return
    column = next((c for c in columns if c.name.lower() == config.id.lower()), None)
    if column is not None and column.ucd and not column.ucd.startswith(("meta.id", "meta.ref")):
        where = ("tables", table, "columns", column.name, "ucd")
        message = f"the id {column.name} has the UCD {column.ucd}"
        report.warning(where, message, "cone search answers name the id by `meta.id;meta.main`", "scs")


def _check_link(report: Report, table: str, config: TableConfig, columns: Sequence[Column]) -> None:
    if config.product is None:
        return
    sets, names = report.dataset.config.products, {c.name.lower(): c for c in columns}
    where = ("tables", table, "product")
    if config.product.set not in sets:
        fix = _near(config.product.set, sets)
        report.error((*where, "set"), f"there is no product set {config.product.set}", fix, "datalink")
    if config.product.key.lower() not in names:
        fix = _near(config.product.key, names)
        report.error((*where, "key"), f"there is no column {config.product.key}", fix, "datalink")


def _check_cone_search(report: Report, table: str, config: TableConfig) -> None:
    if "scs" not in config.protocols:
        return
    if not config.positions:
        if "protocols" in config.model_fields_set:
            where = ("tables", table, "protocols")
            fix = "add `positions:`, or leave `scs` out of `protocols:`"
            report.error(where, "cone search needs a main position, and the table has none", fix, "scs")
        return
    if config.id is None and config.kind == "catalogue":
        fix = "name a unique column with `id:`; without one each answer gets a row number"
        report.warning(("tables", table, "id"), "no id: rows of a cone search have no name", fix, "scs")
    position = config.main_position
    if position is not None and position.pm_ra and position.epoch is None:
        where = ("tables", table, "positions")
        report.warning(where, "proper motions without the epoch of the positions", "add `epoch:`", "scs")


def _near(name: str, known: Iterable[str]) -> str:
    names = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), names, 1)
    return f"did you mean `{names[near[0]]}`?" if near else f"there are: {', '.join(list(names.values())[:20])}"
