"""Product sets: keys, mappings and axes, and what ObsCore, SSA, SIA, EPN-TAP and HiPS need of them."""

from __future__ import annotations

import difflib

from tianku.model.config import ProductConfig, resolve_files
from tianku.model.errors import UsageError
from tianku.model.vocabulary import is_vounit, suggest_ucds, suggest_unit, ucd_problem
from tianku.products.context import set_context
from tianku.products.keys import compile_keys
from tianku.products.obscore import compile_mapping, release_expression
from tianku.products.selection import compile_where
from tianku.usecases.check.curves import check_curves, knows_bands
from tianku.usecases.check.dynamic import check_dynamic
from tianku.usecases.check.finding import Report
from tianku.usecases.check.images import check_images

#: readers that take times and spectral limits from the files themselves
_COMPLETE_READERS = frozenset({"lamost", "sdss"})
#: ObsCore columns that no file gives, and what they are asked for
_ASKED = {
    "calib_level": "say how far the data are reduced, 0 to 4",
    "em_res_power": "the resolving power of the instrument",
    "t_exptime": "the exposure time in seconds, e.g. the keyword EXPTIME",
    "target_name": "the object's name, e.g. the keyword OBJECT",
}
_NOT_FOR = {
    "image": {"em_res_power", "t_exptime"},
    "timeseries": {"em_res_power", "t_exptime", "target_name"},
    "dynamic-spectrum": {"em_res_power", "t_exptime", "target_name"},
}
_TYPES = {
    "ssa": ("spectrum",),
    "sia": ("image", "cube"),
    "hips": ("image",),
    "epntap": ("spectrum", "dynamic-spectrum", "image", "timeseries", "cube"),
}


def check_products(report: Report, name: str, authority: str) -> None:
    """Check one product set."""
    config = report.dataset.config.products[name]
    if config.same_as is not None:
        return
    where = ("products", name)
    _check_files(report, name, config)
    _check_key(report, name, config)
    try:
        compile_where(set_context(report.dataset, name, authority))
    except UsageError as error:
        report.error((*where, "where"), error.message)
    try:
        release_expression(set_context(report.dataset, name, authority))
    except UsageError as error:
        report.error((*where, "access", "public_from"), error.message)
    for protocol, types in _TYPES.items():
        if protocol in config.protocols and config.type not in types:
            message = f"{protocol.upper()} serves {' and '.join(types)} sets, this one is {config.type}"
            report.error((*where, "protocols"), message, f"leave `{protocol}` out", protocol)
    if config.type == "spectrum":
        _check_flux(report, name, config)
    if config.type == "image":
        check_images(report, name, config)
    if config.type == "timeseries":
        check_curves(report, name, config)
    if config.type == "dynamic-spectrum":
        check_dynamic(report, name, config)
    if "hips" in config.protocols and config.hips is None:
        report.error(where, "no `hips:` block says how images are combined", "add `hips:`", "hips")
    for mask, bits in config.masks.items():
        known = report.dataset.collection.bits
        if bits not in known:
            near = difflib.get_close_matches(bits, known, 1)
            fix = f"did you mean `{near[0]}`?" if near else "name its bits under `bits:` of collection.yaml"
            report.error((*where, "masks", mask), f"the collection names no bits {bits!r}", fix)
    if "obscore" in config.protocols:
        _check_obscore(report, name, config, authority)


def _check_files(report: Report, name: str, config: ProductConfig) -> None:
    if config.from_ is None:
        report.error(("products", name), "no files are named", "add `from:`")
        return
    if "table" in config.from_:
        return  # light curves made from the rows of a table
    for category, patterns in config.from_.items():
        if isinstance(patterns, list | tuple) and not resolve_files(
            map(str, patterns), report.dataset.source_root
        ):
            shown = ", ".join(map(str, patterns))
            message = f"no file matches {shown} ({category})"
            fix = f"paths start from {report.dataset.source_root}"
            note = report.error if category == config.main else report.warning
            note(("products", name, "from"), message, fix)


def _check_key(report: Report, name: str, config: ProductConfig) -> None:
    if config.key is None:
        fix = 'for instance `key: "{stem}"`, the file name without its ending'
        report.error(("products", name), "no `key:` says how products are called", fix, "obscore")
        return
    try:
        compile_keys(config.key.first)
    except UsageError as error:
        report.error(("products", name, "key"), error.message, protocol="obscore")


def _check_flux(report: Report, name: str, config: ProductConfig) -> None:
    where, flux = ("products", name, "flux"), config.flux
    if not flux.unit:
        fix = "say `flux: {unit: …, calibration: …}`; `count` when it is uncalibrated"
        report.warning(where, "the flux has no unit", fix, "ssa")
    elif not is_vounit(flux.unit):
        better = suggest_unit(flux.unit)
        fix = f"write `unit: {better}`" if better else "see IVOA VOUnits"
        report.error(where, f"`{flux.unit}` is not a VOUnits unit", fix, "ssa")
    elif flux.calibration == "uncalibrated" and ("erg" in flux.unit or "Jy" in flux.unit):
        report.error(where, f"uncalibrated flux cannot be in {flux.unit}", "write `unit: count`", "ssa")
    if (problem := ucd_problem(flux.ucd)) is not None:
        near = suggest_ucds(flux.ucd, 1)
        fix = f"did you mean `{near[0]}`?" if near else ""
        report.error(where, f"`{flux.ucd}` is not valid UCD1+: {problem}", fix, "ssa")


def _check_obscore(report: Report, name: str, config: ProductConfig, authority: str) -> None:
    where = ("products", name, "obscore")
    try:
        compile_mapping(set_context(report.dataset, name, authority))
    except UsageError as error:
        report.error(where, error.message, protocol="obscore")
    skipped = _NOT_FOR.get(config.type or "", set())
    for column, what in _ASKED.items():
        if column not in config.obscore and column not in skipped:
            report.warning(where, f"`{column}` is not given", what, "obscore")
    own_times = config.reader in _COMPLETE_READERS or config.type in ("dynamic-spectrum", "image", "timeseries")
    if not own_times and config.time is None and "t_min" not in config.obscore:
        fix = "e.g. `t_min: MJD-OBS`, a Modified Julian Date in UTC"
        report.warning(where, "`t_min` is not given: products are not found by time", fix, "obscore")
    own_band = config.reader in _COMPLETE_READERS or config.band is not None or knows_bands(config)
    if not own_band and config.type in ("image", "timeseries") and "em_min" not in config.obscore:
        fix = "add `band:` with the limits of each filter, or `em_min` and `em_max` in metres"
        report.warning(where, "no spectral limits: products are not found by band", fix, "obscore")
