"""Sets of images and plates: units, bands, companions, logbooks and coordinates."""

from __future__ import annotations

from tianku.model.config import ProductConfig
from tianku.model.config.products import BoxWcs, SidecarWcs
from tianku.model.vocabulary import is_vounit, suggest_unit
from tianku.usecases.check.finding import Report


def check_images(report: Report, name: str, config: ProductConfig) -> None:
    """Check one set of images."""
    where = ("products", name)
    if config.unit and config.unit != "none" and not is_vounit(config.unit):
        better = suggest_unit(config.unit)
        fix = f"write `unit: {better}`" if better else "see IVOA VOUnits; `none` for pixels without a unit"
        report.error((*where, "unit"), f"`{config.unit}` is not a VOUnits unit", fix)
    for band, limits in (config.band.map if config.band else {}).items():
        if not 0 < limits.get("em_min", 0) <= limits.get("em_max", 0) < 1:
            message = f"band {band} needs `em_min` and `em_max` in metres, the shorter first"
            report.error((*where, "band"), message, "400 nm is 4.0e-7", "obscore")
    for category, companion in config.companions.items():
        if companion.replace is None and companion.ext is None:
            report.error((*where, "companions", category), "nothing says where it is", "add `replace:` or `ext:`")
    _check_logbook(report, name, config)
    _check_wcs(report, name, config)


def _check_logbook(report: Report, name: str, config: ProductConfig) -> None:
    said = config.metadata
    if said is None:
        return
    tables = report.dataset.config.tables
    wanted = [said.table, *([said.exposures.table] if said.exposures else [])]
    for table in wanted:
        if table not in tables:
            known = ", ".join(tables) or "none"
            report.error(("products", name, "metadata"), f"there is no table {table}", f"there are: {known}")


def _check_wcs(report: Report, name: str, config: ProductConfig) -> None:
    where = ("products", name, "wcs")
    for way in config.wcs.first if config.wcs else ():
        if isinstance(way, SidecarWcs) and way.sidecar not in (config.from_ or {}):
            report.error(
                where, f"`from:` has no files of category {way.sidecar}", f"add `{way.sidecar}:` to `from:`"
            )
        if isinstance(way, BoxWcs) and config.metadata is None:
            report.error(where, "a box needs a centre", "add `metadata:`, a logbook with positions")
