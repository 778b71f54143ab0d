"""Small product sets for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tianku.model.config.products import ProductConfig
from tianku.products.context import SetContext

KEY = ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]
UNIT = "10**-17erg.s**-1.cm**-2.Angstrom**-1"


def context(
    name: str = "lrs", originals: Path | None = None, root: Path | None = None, **config: Any
) -> SetContext:
    """Return the context of a LAMOST-like set."""
    said: dict[str, Any] = {
        "type": "spectrum",
        "from": "**/*.fits.gz",
        "reader": "lamost",
        "key": {"first": KEY},
        "flux": {"unit": UNIT, "calibration": "relative"},
        "obscore": {"calib_level": 2, "em_res_power": 1800, "s_fov": "3.3 arcsec", "target_name": "DESIG"},
    }
    return SetContext(
        authority="org.example",
        dataset="lamost/dr10/v2.0",
        name=name,
        config=ProductConfig.model_validate(said | config),
        title="LAMOST DR10",
        facility="LAMOST",
        instrument="LRS",
        local_time="+08:00",
        released=datetime(2024, 9, 30, tzinfo=UTC),
        source_root=root,
        originals=originals,
    )
