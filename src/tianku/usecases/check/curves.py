"""Sets of light curves: axes, units, and the tables that hold their rows."""

from __future__ import annotations

import difflib

from tianku.model.config import ProductConfig
from tianku.model.errors import UsageError
from tianku.model.vocabulary import is_vounit, suggest_unit, ucd_problem
from tianku.products.readers.curve_layout import layouts_for
from tianku.usecases.check.finding import Report


def check_curves(report: Report, name: str, config: ProductConfig) -> None:
    """Check one set of light curves."""
    where = ("products", name)
    if config.table_source is not None:
        _check_table(report, name, config)
    else:
        try:
            layouts = layouts_for(config)
        except UsageError as error:
            report.error((*where, "reader"), error.message)
            return
        if any(not layout.curves or not layout.time.column for layout in layouts):
            fix = "write `time: {column: …, origin: …}` and `value: {column: …, unit: …}`"
            report.error(where, f"reader {config.reader!r} does not know which columns hold the curve", fix)
    value = config.value
    if value is not None and value.unit and not is_vounit(value.unit):
        better = suggest_unit(value.unit)
        fix = f"write `unit: {better}`" if better else "see IVOA VOUnits"
        report.error((*where, "value"), f"`{value.unit}` is not a VOUnits unit", fix)
    if value is not None and value.ucd and (problem := ucd_problem(value.ucd)) is not None:
        report.error((*where, "value"), f"`{value.ucd}` is not valid UCD1+: {problem}")


def knows_bands(config: ProductConfig) -> bool:
    """Whether the layouts of a set of light curves know the wavelength limits of their bands."""
    if config.type != "timeseries" or config.table_source is not None:
        return False
    try:
        return all(layout.bands for layout in layouts_for(config))
    except UsageError:
        return True  # told as an error already


def _check_table(report: Report, name: str, config: ProductConfig) -> None:
    """Rows of a table need its columns named, and the tables must be of this dataset."""
    where, source = ("products", name), config.table_source
    assert source is not None
    tables = report.dataset.config.tables
    for named in filter(None, (source.table, source.source)):
        if named not in tables:
            near = difflib.get_close_matches(named, tables, 1)
            fix = f"did you mean `{near[0]}`?" if near else "add it under `tables:`"
            report.error((*where, "from"), f"this dataset has no table {named!r}", fix)
    if config.time is None or config.value is None or not config.time.column or not config.value.column:
        fix = "write `time: {column: …}` and `value: {column: …}`"
        report.error(where, "light curves from a table need their columns named", fix, "obscore")
        return
    known = source.table in tables and any(t.column == config.time.column for t in tables[source.table].times)
    if config.time.origin is None and not known:
        fix = "write `time: {origin: JD}`, or MJD, or a Julian Date"
        report.error((*where, "time"), "it is not said what the times count from", fix)
