"""Product sets: spectra, images, light curves, solar records, plates and other files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tianku.model.config.access import AccessRule
from tianku.model.config.base import Config, Expression, Identifier, Strings, Text
from tianku.model.config.compat import Compat
from tianku.model.config.dynamic import Join
from tianku.model.shorthand import STRING, also

ProductType = Literal["spectrum", "image", "timeseries", "dynamic-spectrum", "cube", "other"]


class Flux(Config):
    """What the flux axis truly is; MRS of LAMOST is ``uncalibrated``, never erg."""

    unit: str = Field("", description="VOUnits of the flux axis")
    calibration: Literal["absolute", "relative", "normalized", "uncalibrated"] = Field(
        "uncalibrated", description="what the numbers can be compared with"
    )
    ucd: str = Field("phot.flux.density;em.wl", description="UCD1+ of the flux axis")


class KeyRule(Config):
    """First valid rule wins: ``header.OBSID > 0`` gives that keyword, a ``{TEMPLATE}`` is filled in."""

    model_config = ConfigDict(json_schema_extra=also(STRING))

    first: tuple[str, ...] = Field(
        min_length=1, description="rules in order; the first that gives a valid key wins"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"first": [value]} if isinstance(value, str) else value


class BandMap(Config):
    """Spectral limits by filter name, in metres."""

    from_: str = Field(alias="from", description="header keyword of the filter")
    map: dict[str, dict[str, float]] = Field({}, description="`em_min` and `em_max` by filter")
    unit: str | None = Field(
        None, description="unit of wavelengths in the header (WAVELNTH, WAVEMIN), where it does not say"
    )


class Companion(Config):
    """Another file of the same product, found by its name or as an extension."""

    replace: tuple[str, str] | None = Field(None, description="text of the file name, and what stands instead")
    ext: str | int | None = Field(None, description="extension of the same file")


class TimeAxis(Config):
    """The time column of light curves, and how it counts; what is left out comes from the file."""

    column: str | None = Field(None, description="column that holds the times")
    origin: Literal["MJD", "JD"] | float | None = Field(
        None, description="Julian Date that times count from; `JD` is 0, `MJD` 2400000.5"
    )
    unit: Literal["d", "h", "min", "s"] | None = Field(None, description="unit of the times")
    scale: Literal["UTC", "TAI", "TT", "TDB", "TCB", "TCG", "UT1", "GPS"] | None = Field(
        None, description="time scale"
    )
    refposition: (
        Literal["TOPOCENTER", "GEOCENTER", "HELIOCENTER", "BARYCENTER", "EMBARYCENTER", "UNKNOWN"] | None
    ) = Field(None, description="where the times hold")


class ValueAxis(Config):
    """The column of brightness of light curves; what is left out comes from the file."""

    column: str | None = Field(None, description="column that holds the values")
    error: str | None = Field(None, description="column of their standard deviations")
    flag: str | None = Field(None, description="column of flags; 0 is good")
    unit: str | None = Field(None, description="VOUnits of the values; `mag` makes them magnitudes")
    band: str | None = Field(None, description="photometric band, or the column that names it")
    ucd: str | None = Field(None, description="UCD1+ of the values")
    calibration: Literal["absolute", "relative", "normalized", "uncalibrated"] | None = Field(
        None, description="what the values can be compared with"
    )


class ExposuresFrom(Config):
    """The table of exposures, several of which may be on one plate."""

    table: str = Field(description="table of the dataset")
    on: str = Field(description="column that both tables have, or `column = column of the other`")
    part: str | None = Field(None, description="its column that names an exposure; else they are counted")


class MetadataFrom(Config):
    """Metadata that comes from a table (a logbook), not from the file; its columns are read as header keywords."""

    table: str = Field(description="table of the dataset")
    on: str = Field(
        description="its column and what the file has: `column = stem`, `column = filename` or a keyword"
    )
    exposures: ExposuresFrom | None = Field(
        None, description="table of several exposures per product; each becomes a part"
    )


class SidecarWcs(Config):
    """World coordinates in another file of the product: FITS cards, or lines of `KEYWORD = value`."""

    sidecar: str = Field(description="its category under `from:`")


class BoxWcs(Config):
    """A field of known size around the position in the logbook: an estimate, and marked so."""

    box: tuple[str, str] = Field(description="width and height, for instance `[5 deg, 5 deg]`")


WcsWay = Literal["header", "plate-polynomial"] | SidecarWcs | BoxWcs


class WcsRule(Config):
    """Where a plate or image gets its celestial coordinates, in order of preference."""

    first: tuple[WcsWay, ...] = Field(
        min_length=1,
        description="ways in order; the first that works wins: `header`, `{sidecar: category}`, `plate-polynomial`"
        " (AMDX, AMDY of digitised sky surveys), `{box: [width, height]}`",
    )


class Hips(Config):
    """How a HiPS is built from an image set."""

    combine: Literal["weighted", "mean", "median", "first"] = Field(
        "mean", description="how overlapping images combine"
    )
    weight: str | None = Field(None, description="companion used as weight")
    bad: str | None = Field(None, description="companion that masks")
    colour: tuple[tuple[str, ...], ...] = Field((), description="bands of red, green and blue")


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
Patterns = Annotated[
    dict[str, Any], BeforeValidator(_patterns, json_schema_input_type=str | tuple[str, ...] | dict[str, Any])
]


class EpochSource(Config):
    """Light curves that are the rows of a table of epochs, one product per value of `group`."""

    table: str = Field(description="table of epochs of this dataset")
    group: str = Field(description="its column that names the source")
    source: str | None = Field(None, description="table of sources, whose `id` is `group`: positions and names")


TargetClass = Literal[
    "asteroid", "dwarf_planet", "planet", "satellite", "comet", "exoplanet", "interplanetary_medium", "sample",
    "sky", "spacecraft", "spacejunk", "star", "calibration",
]  # fmt: skip


class EpnTap(Config):
    """What ``epn_core`` says of all products of a set (EPN-TAP 2.0); the rest comes from their ObsCore rows."""

    target_name: str | None = Field(None, description="IAU name of the target, where products do not name theirs")
    target_class: TargetClass = Field("sky", description="type of the target; `star` for the Sun")


#: by type, the services that products have without being asked for
_SERVICES = {"spectrum": ("ssa", "soda"), "image": ("sia", "soda"), "cube": ("sia",)}


class ProductConfig(Config):
    """One product set of a dataset."""

    type: ProductType | None = Field(None, description="required unless same_as or extends gives it")
    subtype: str | None = Field(None, description="ObsCore dataproduct_subtype")
    title: Text = Field(Text(), description="name shown")
    description: Text = Field(Text(), description="what a product is")
    from_: Patterns | None = Field(None, alias="from", description="glob(s), or globs by category")
    where: str | None = Field(
        None, description="SQL condition on header keywords; files it is not true for belong to another set"
    )
    main: str = Field("science", description="the category that carries the metadata")
    reader: str = Field(
        "auto",
        description="lamost, sdss, fits-spectrum, fits-image, kepler, tess, fits-table, text, binary, other …",
    )
    format: str | None = Field(None, description="record format used by `reader: binary`")
    join: Join | None = Field(
        None, description="which files make one dynamic spectrum, instead of its record format's `join:`"
    )
    ext: Literal["each", "first"] | int | str | None = Field(
        None,
        description="which images of a file are taken: `each`, `first` (the default), a number (0 = primary)"
        " or a name; images whose keys are equal are parts of one product",
    )
    key: KeyRule | None = Field(None, description="how a product gets its key")
    store: Literal["in-place", "copy", "pack-copy", "pack-move"] = Field(
        "in-place",
        description="`in-place` leaves files where they are, `copy` keeps its own, `pack-copy` keeps them "
        "in few large tar files; `pack-move` is refused so far",
    )
    rows_for: Literal["product", "part"] = Field(
        "product", description="whether products or their parts get ObsCore rows"
    )
    flux: Flux = Field(Flux(), description="what the flux axis is")
    masks: dict[str, str] = Field({}, description="mask of the file -> bit mask of the collection")
    band: BandMap | None = Field(None, description="spectral limits by filter")
    companions: dict[str, Companion] = Field(
        {}, description="further files of a product, by their names or inside the same file"
    )
    time: TimeAxis | None = Field(None, description="time axis of light curves")
    value: ValueAxis | None = Field(None, description="brightness axis of light curves")
    metadata: MetadataFrom | None = Field(None, description="metadata that a table holds")
    wcs: WcsRule | None = Field(
        None, description="where images get their celestial coordinates; by default the header"
    )
    hips: Hips | None = Field(None, description="how a HiPS is built (not acted on yet)")
    obscore: dict[str, Expression] = Field({}, description="ObsCore column -> SQL expression over header keywords")
    unit: str | None = Field(
        None, description="unit of pixels, where it is not in BUNIT; `none` when they have none"
    )
    access: AccessRule | None = Field(None, description="who may have it, instead of the dataset's rule")
    protocols: tuple[
        Literal["obscore", "datalink", "ssa", "sia", "soda", "epntap", "hips", "moc", "download"], ...
    ] = Field(
        ("obscore", "datalink", "download"),
        description="services wanted; `obscore` lists the products; without this key spectra have `ssa` and"
        " `soda`, images `sia` and `soda`, cubes `sia` too",
    )
    compat: Compat = Field(Compat(), description="older HTTP interfaces that it is served by as a catalogue")
    epntap: EpnTap = Field(
        EpnTap(), description="what `epn_core` says of all products, with `protocols: [epntap]`"
    )
    same_as: str | None = Field(None, description="dataset whose set of this name is shared, without copies")

    @property
    def table_source(self) -> EpochSource | None:
        """The table whose rows are the products, for ``from: {table: …, group: …}``."""
        if not self.from_ or "table" not in self.from_:
            return None
        return EpochSource.model_validate({k: v[0] if isinstance(v, list) else v for k, v in self.from_.items()})

    @model_validator(mode="before")
    @classmethod
    def _types_have_services(cls, value: Any) -> Any:
        own = _SERVICES.get(value.get("type") or "") if isinstance(value, dict) else None
        if own is None or "protocols" in value:
            return value
        return {**value, "protocols": ("obscore", "datalink", *own, "download")}

    @model_validator(mode="after")
    def _rows_of_a_table_are_light_curves(self) -> ProductConfig:
        if self.table_source is not None and self.type != "timeseries":
            raise ValueError("`from: {table: …}` is for `type: timeseries`")
        return self

    @model_validator(mode="after")
    def _has_a_type(self) -> ProductConfig:
        if self.type is None and self.same_as is None:
            raise ValueError("say `type:` (spectrum, image, timeseries, …), or `same_as:` another dataset")
        return self


class Relation(Config):
    """A foreign key written ``table.column -> table.column``."""

    model_config = ConfigDict(json_schema_extra=also(STRING))

    source_table: Identifier = Field(description="table that points")
    source_column: Identifier = Field(description="its column")
    target_table: str = Field(description="table pointed to")
    target_column: Identifier = Field(description="its column")

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
