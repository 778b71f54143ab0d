"""Product sets: spectra, images, light curves, solar records, plates and other files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tianku.model.config.access import AccessRule
from tianku.model.config.base import Config, Expression, Identifier, Strings, Text

ProductType = Literal["spectrum", "image", "timeseries", "dynamic-spectrum", "cube", "other"]


class Flux(Config):
    """What the flux axis truly is; MRS of LAMOST is ``uncalibrated``, never erg."""

    unit: str = ""
    calibration: Literal["absolute", "relative", "normalized", "uncalibrated"] = "uncalibrated"
    ucd: str = "phot.flux.density;em.wl"


class KeyRule(Config):
    """First valid rule wins: ``header.OBSID > 0`` gives that keyword, a ``{TEMPLATE}`` is filled in."""

    first: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"first": [value]} if isinstance(value, str) else value


class BandMap(Config):
    """Spectral limits by filter name, in metres."""

    from_: str = Field(alias="from")
    map: dict[str, dict[str, float]] = {}


class Companion(Config):
    """Another file of the same product, found by its name or as an extension."""

    replace: tuple[str, str] | None = None
    ext: str | int | None = None


class Axis(Config):
    """The time or value column of a light curve."""

    column: str
    error: str | None = None
    flag: str | None = None
    unit: str | None = None
    band: str | None = None
    origin: float | str | None = None
    scale: str = "UTC"
    refposition: str = "TOPOCENTER"


class MetadataFrom(Config):
    """Metadata that comes from a table (a logbook), not from the file."""

    table: str
    on: str
    exposures: dict[str, str] | None = None


class WcsRule(Config):
    """Where a plate or image gets its celestial coordinates, in order of preference."""

    first: tuple[Any, ...]


class Hips(Config):
    """How a HiPS is built from an image set."""

    combine: Literal["weighted", "mean", "median", "first"] = "mean"
    weight: str | None = None
    bad: str | None = None
    colour: tuple[tuple[str, ...], ...] = ()


class Renditions(Config):
    """Files of one product by category, when there is more than one kind."""

    model_config = {**Config.model_config, "extra": "allow"}


def _patterns(value: Any) -> Any:
    if isinstance(value, str):
        return {"science": [value]}
    if isinstance(value, list):
        return {"science": value}
    if isinstance(value, dict):
        return {k: [v] if isinstance(v, str) else v for k, v in value.items()}
    return value


#: category -> glob patterns; a plain string is the category ``science``
Patterns = Annotated[dict[str, Any], BeforeValidator(_patterns)]


class ProductConfig(Config):
    """One product set of a dataset."""

    type: ProductType | None = Field(None, description="required unless same_as or extends gives it")
    subtype: str | None = None
    title: Text = Text()
    description: Text = Text()
    from_: Patterns | None = Field(None, alias="from")
    where: str | None = Field(
        None, description="SQL condition on header keywords; files it is not true for belong to another set"
    )
    main: str = Field("science", description="the category that carries the metadata")
    reader: str = Field("auto", description="lamost, sdss, fits-image, fits-table, binary, other …")
    format: str | None = Field(None, description="record format used by `reader: binary`")
    ext: Literal["each", "first"] | int | str | None = None
    key: KeyRule | None = None
    store: Literal["in-place", "copy", "pack-copy", "pack-move"] = "in-place"
    rows_for: Literal["product", "part"] = "product"
    flux: Flux = Flux()
    masks: dict[str, str] = Field({}, description="mask of the file -> bit mask of the collection")
    band: BandMap | None = None
    companions: dict[str, Companion] = {}
    time: Axis | None = None
    value: Axis | None = None
    metadata: MetadataFrom | None = None
    wcs: WcsRule | None = None
    hips: Hips | None = None
    obscore: dict[str, Expression] = {}
    unit: str | None = None
    access: AccessRule | None = None
    protocols: tuple[
        Literal["obscore", "datalink", "ssa", "sia", "soda", "epntap", "hips", "moc", "download"], ...
    ] = ("obscore", "datalink", "download")
    compat: dict[str, Any] = {}
    same_as: str | None = Field(None, description="dataset whose set of this name is shared, without copies")

    @model_validator(mode="after")
    def _has_a_type(self) -> ProductConfig:
        if self.type is None and self.same_as is None:
            raise ValueError("say `type:` (spectrum, image, timeseries, …), or `same_as:` another dataset")
        return self


class Relation(Config):
    """A foreign key written ``table.column -> table.column``."""

    source_table: Identifier
    source_column: Identifier
    target_table: str
    target_column: Identifier

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        left, arrow, right = (s.strip() for s in value.partition("->"))
        if not arrow or "." not in left or "." not in right:
            raise ValueError("a relation reads `table.column -> table.column`")
        source_table, source_column = left.rsplit(".", 1)
        target_table, target_column = right.rsplit(".", 1)
        return {
            "source_table": source_table,
            "source_column": source_column,
            "target_table": target_table,
            "target_column": target_column,
        }


__all__ = ["ProductConfig", "ProductType", "Relation", "Strings"]
