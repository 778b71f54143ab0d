"""Sets of dynamic spectra: the record format, its axes and frequency table, the unit."""

from __future__ import annotations

import difflib

from tianku.model.config import ProductConfig
from tianku.model.errors import UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.readers.dynamic import resolved_axis
from tianku.products.readers.dynamic_layout import dynamic_layouts
from tianku.usecases.check.finding import Report


def check_dynamic(report: Report, name: str, config: ProductConfig) -> None:
    """Check one set of dynamic spectra."""
    where = ("products", name)
    if config.reader == "binary":
        _check_records(report, name, config)
    else:
        try:
            dynamic_layouts(config.reader)
        except UsageError as error:
            report.error((*where, "reader"), error.message)
    if config.unit and normalise_unit(config.unit).vounit is None:
        report.error((*where, "unit"), f"`{config.unit}` is no unit known here", "see IVOA VOUnits")


def _check_records(report: Report, name: str, config: ProductConfig) -> None:
    where, formats = ("products", name, "format"), report.dataset.config.formats
    layout = formats.get(config.format or "")
    if layout is None:
        near = difflib.get_close_matches(config.format or "", formats, 1)
        known = ", ".join(formats) or "none"
        fix = f"did you mean `{near[0]}`?" if near else f"`formats:` declares: {known}"
        report.error(where, f"`reader: binary` needs a record format; {config.format!r} is none", fix)
        return
    at = ("formats", config.format or "")
    if layout.axes is None:
        report.error(at, "a dynamic spectrum needs `axes:`", "say its `time:` and `frequency:`")
        return
    try:
        resolved_axis(layout, report.dataset.path.parent)
    except UsageError as error:
        report.error((*at, "axes", "frequency"), error.message)
