"""What the page of a product shows by its type: the viewer, the formats offered, and the facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tianku.model.text import Text
from tianku.pages.ports.products import Fact, Viewer
from tianku.pages.units import pretty
from tianku.pages.words import word
from tianku.products.index import IndexEntry
from tianku.usecases.products import ProductPage


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of product.

    `viewer` is also the name of the API view that it draws; `formats` are suffixes of that view with
    their media types; `facts` get the parts of the main file.
    """

    viewer: Viewer
    formats: tuple[tuple[str, str], ...] = ()
    facts: Callable[[ProductPage, Sequence[IndexEntry]], list[Fact]] = lambda page, parts: []


def kind_of(page: ProductPage) -> Kind:
    """Return how products of the page's type are shown."""
    return _KINDS.get(page.one.manifest.type, _OTHER)


def number(value: float | None, digits: int) -> str:
    """Return a number to `digits` decimals, or nothing."""
    return "" if value is None else f"{value:.{digits}f}"


def _spectrum_facts(page: ProductPage, parts: Sequence[IndexEntry]) -> list[Fact]:
    first = parts[0]
    unit, calibration = first.o_unit or "", first.o_calib_status or page.one.config.flux.calibration
    best = max((e.snr for e in parts if e.snr is not None), default=None)
    return [
        Fact(Text(en="Signal to noise", zh="信噪比"), number(best, 1)),
        Fact(Text(en="Flux calibration", zh="流量定标"), word(calibration)),
        Fact(Text(en="Flux unit", zh="流量单位"), word(pretty(unit)), spelled=unit),
        Fact(Text(en="Notes", zh="说明"), _notes(first)),
    ]


def _image_facts(page: ProductPage, parts: Sequence[IndexEntry]) -> list[Fact]:
    first = parts[0]
    size = f"{first.s_xel1} × {first.s_xel2}" if first.s_xel1 and first.s_xel2 else ""
    limits = [v * 1e9 for v in (first.em_min, first.em_max) if v is not None]
    waves = "–".join(f"{v:.6g}" for v in dict.fromkeys(limits))
    return [
        Fact(Text(en="Image size", zh="图像大小"), size, "pixel"),
        Fact(Text(en="Pixel scale", zh="像元尺度"), number(first.s_pixel_scale, 3), "arcsec"),
        Fact(Text(en="Field of view", zh="视场"), number(first.s_fov, 4), "deg"),
        Fact(Text(en="Filter", zh="滤光片"), first.band or ""),
        Fact(Text(en="Wavelengths", zh="波长"), waves, "nm"),
        Fact(Text(en="Pixel unit", zh="像元单位"), word(pretty(first.o_unit or "")), spelled=first.o_unit or ""),
        Fact(Text(en="Notes", zh="说明"), _notes(first)),
        *_logged(first),
    ]


def _timeseries_facts(page: ProductPage, parts: Sequence[IndexEntry]) -> list[Fact]:
    first = parts[0]
    frame = json.loads(first.detail or "{}")
    system = ", ".join(str(frame[name]) for name in ("scale", "refposition") if name in frame)
    waves = "–".join(f"{v * 1e9:.6g}" for v in (first.em_min, first.em_max) if v is not None)
    calibration = first.o_calib_status or ""
    return [
        Fact(Text(en="Brightness", zh="亮度"), word(first.part_kind or "")),
        Fact(Text(en="Unit", zh="单位"), word(pretty(first.o_unit or "")), spelled=first.o_unit or ""),
        Fact(Text(en="Flux calibration", zh="流量定标"), word(calibration) if calibration else ""),
        Fact(Text(en="Time system", zh="时间系统"), system),
        Fact(Text(en="Median sampling", zh="采样间隔中值"), number(first.t_resolution, 1), "s"),
        Fact(Text(en="Wavelengths", zh="波长"), waves, "nm"),
        Fact(Text(en="Notes", zh="说明"), _notes(first)),
    ]


def _dynamic_facts(page: ProductPage, parts: Sequence[IndexEntry]) -> list[Fact]:
    first = parts[0]
    report = json.loads(first.detail or "{}")
    mhz = [_LIGHT / wave / 1e6 for wave in (first.em_max, first.em_min) if wave]
    size = f"{first.t_xel} × {first.em_xel}" if first.t_xel and first.em_xel else ""
    lost = report.get("gaps", 0)
    return [
        Fact(Text(en="Frequencies", zh="频率"), "–".join(f"{v:.6g}" for v in mhz), "MHz"),
        Fact(Text(en="Times × channels", zh="时间点 × 通道"), size),
        Fact(
            Text(en="Time step", zh="时间分辨率"), f"{first.t_resolution:.4g}" if first.t_resolution else "", "s"
        ),
        Fact(Text(en="Polarisation", zh="偏振"), (first.pol_states or "").strip("/").replace("/", ", ")),
        Fact(Text(en="Unit", zh="单位"), word(pretty(first.o_unit or "")), spelled=first.o_unit or ""),
        Fact(
            Text(en="Gaps in the file", zh="文件缺损"),
            f"{lost} ({report.get('gap_bytes', 0)} byte)" if lost else "",
        ),
        Fact(Text(en="Notes", zh="说明"), _notes(first)),
        *_logged(first),
    ]


_LIGHT = 299_792_458.0


def _logged(entry: IndexEntry) -> list[Fact]:
    """What a logbook says of a plate, under the names of its columns."""
    row = json.loads(entry.detail).get("logbook", {}) if entry.detail else {}
    label = Text(en="Logbook", zh="观测日志")
    return [Fact(label, str(value), keyword=name) for name, value in row.items() if value is not None]


def _notes(entry: IndexEntry) -> Text | str:
    words = [word(note) for note in (entry.notes or "").split(",") if note]
    return Text(en="; ".join(w.en for w in words), zh="；".join(w.in_("zh") for w in words)) if words else ""


_OTHER = Kind("none")
_KINDS: dict[str, Kind] = {
    "dynamic-spectrum": Kind("dynamic", (("fits", "application/fits"), ("csv", "text/csv")), _dynamic_facts),
    "image": Kind("image", (("png", "image/png"),), _image_facts),
    "timeseries": Kind(
        "timeseries",
        (
            ("vot", "application/x-votable+xml"),
            ("csv", "text/csv"),
            ("fits", "application/fits"),
        ),
        _timeseries_facts,
    ),
    "spectrum": Kind(
        "spectrum",
        (
            ("vot", "application/x-votable+xml"),
            ("csv", "text/csv"),
            ("fits", "application/fits"),
            ("png", "image/png"),
        ),
        _spectrum_facts,
    ),
}
