"""A cross-match as programs ask for it, at once or as a job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tianku.adql.schema import Cone
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.planner.matching import How
from tianku.state import repositories
from tianku.usecases.jobs.files import upload_path
from tianku.usecases.jobs.seen import result_file, visible
from tianku.usecases.match_columns import Named
from tianku.usecases.match_tables import MatchTable
from tianku.usecases.match_upload import Given, Kept


class MatchErrors(BaseModel):
    """Columns of the errors of positions, one standard deviation, in arcsec unless their unit is another angle."""

    model_config = ConfigDict(extra="forbid")

    sigma: str | None = Field(None, description="the same in all directions")
    major: str | None = Field(None, description="major semi-axis of an ellipse, with `minor` and `angle`")
    minor: str | None = Field(None, description="minor semi-axis")
    angle: str | None = Field(None, description="position angle of the major axis, north through east, degrees")
    ra: str | None = Field(None, description="error in right ascension times cos(Dec), with `dec`")
    dec: str | None = Field(None, description="error in declination")
    correlation: str | None = Field(None, description="of `ra` and `dec`; none if absent")


class MatchSide(BaseModel):
    """One of the two tables."""

    model_config = ConfigDict(extra="forbid")

    table: str | None = Field(
        None, description="schema.table; absent when a file is sent as the part of this name"
    )
    job: str | None = Field(None, description="instead: a job of yours, whose result is matched")
    upload: str | None = Field(None, description="instead: a match of yours, whose file of this side is matched")
    columns: list[str] | None = Field(None, description="of the answer, all if absent")
    position: str | None = Field(None, description="one of the table's positions; the main one if absent")
    ra: str | None = Field(
        None, description="column of right ascension, ICRS degrees; found by UCD and name if absent"
    )
    dec: str | None = Field(None, description="column of declination")
    radius: str | None = Field(
        None, description="of `left`: column of each row's own radius, arcsec unless its unit is another angle"
    )
    errors: MatchErrors | None = Field(None, description="columns of the errors of positions")


class CrossmatchRequest(BaseModel):
    """A cross-match."""

    model_config = ConfigDict(extra="forbid")

    left: MatchSide = Field(
        default_factory=MatchSide,
        description="the table whose rows look for partners: {table, columns, position, ra, dec, radius, errors}",
    )
    right: MatchSide = Field(default_factory=MatchSide, description="the table of the partners, likewise")
    radius: float = Field(ge=0, le=18_000, description="largest separation, arcsec, 5 degrees at most")
    join: Literal["inner", "left", "anti", "best"] = Field(
        "inner",
        description="inner: rows with partners; left: all rows of the left table; anti: its rows without partner; "
        "best: pairs each of which is the other's nearest",
    )
    nearest: int | None = Field(1, ge=1, description="partners of each row at most; null for all")
    sigmas: float = Field(
        3.0, ge=0, le=1000, description="where a table has `errors`: partners lie within so many of both together"
    )
    epoch: float | None = Field(
        None, description="Julian year to which rows of known epoch and proper motion are moved"
    )
    circle: tuple[float, float, float] | None = Field(
        None, description="right ascension, declination and radius in degrees: rows outside are not considered"
    )
    maxrec: int | None = Field(None, ge=0, description="rows of the answer at most")
    format: str = Field("json", description="such as csv, votable, fits, parquet")

    @property
    def area(self) -> Cone | None:
        """Where rows are considered."""
        return None if self.circle is None else Cone(*self.circle)

    @property
    def how(self) -> How:
        """What is matched."""
        return How(self.radius / 3600, self.nearest, self.join, self.sigmas)


def tables_of(
    data_root: Path, principal: Principal, asked: CrossmatchRequest, sent: Mapping[str, Given | Kept]
) -> tuple[MatchTable, MatchTable]:
    """Return both sides, those of `sent` under ``left`` and ``right``; within a session of the state database.

    Raises
    ------
    UsageError
        ``match.side``: a side is not named in exactly one way.
    NotFoundError, AuthError
        ``job.*``: no job whose files the caller may have.
    """
    left, right = (_table(data_root, principal, asked, sent, name) for name in ("left", "right"))
    return left, right


def _table(
    data_root: Path, principal: Principal, asked: CrossmatchRequest, sent: Mapping[str, Given | Kept], name: str
) -> MatchTable:
    side: MatchSide = getattr(asked, name)
    ways = [way for way in (side.table, side.job, side.upload, sent.get(name)) if way is not None]
    if len(ways) != 1:
        raise UsageError(
            "match.side", "{side}: either name a published table, or send a file as the part {side}", side=name
        )
    table: str | Given | Kept | None = sent.get(name, side.table)
    if side.job is not None:
        table = _result(data_root, principal, side.job, name)
    elif side.upload is not None:
        table = _upload(data_root, principal, side.upload, name)
    assert table is not None
    errors = side.errors.model_dump(exclude_none=True) if side.errors is not None else {}
    return MatchTable(table, Named(side.columns, side.position, side.ra, side.dec, side.radius, errors))


def _result(data_root: Path, principal: Principal, job: str, name: str) -> Kept:
    found = visible(principal, job)
    result = next((one.id for one in found.results), "result")
    return Kept(result_file(data_root, found, result).path, name)


def _upload(data_root: Path, principal: Principal, job: str, name: str) -> Kept:
    path = upload_path(data_root, visible(principal, job).id, name)
    if not path.is_file():
        raise NotFoundError(
            "match.no_upload", "no file was sent as {side} with job {id}, or it is gone", side=name, id=job
        )
    return Kept(path, name)


def session_tables(
    data_root: Path, principal: Principal, asked: CrossmatchRequest, sent: Mapping[str, Given | Kept]
) -> tuple[MatchTable, MatchTable]:
    """As `tables_of`, in a thread that has no session of the state database."""
    if asked.left.job or asked.right.job or asked.left.upload or asked.right.upload:
        with repositories.session():
            return tables_of(data_root, principal, asked, sent)
    return tables_of(data_root, principal, asked, sent)
