"""``site.yaml``: the installation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tianku.model.config.base import Config, Strings, Text


class Limits(Config):
    """Documented limits; every refusal names the one it met."""

    sync_rows: int = Field(1_000_000, ge=1, description="rows of a synchronous answer (MAXREC may not exceed it)")
    default_rows: int = Field(100_000, ge=1, description="rows when MAXREC is not given")
    sync_seconds: float = Field(60, gt=0, description="time of a synchronous query")
    upload_bytes: int = Field(100_000_000, ge=1, description="size of a request body")
    query_memory: str = Field("2GB", description="memory of one query of the long lane")
    query_children: int = Field(2, ge=1, description="queries of the long lane at a time, all workers together")
    cone_degrees: float = Field(180, gt=0, le=180, description="largest radius of a cone search")


class Jobs(Config):
    """Asynchronous jobs: how many, how long, and how much of their results is kept."""

    running: int = Field(2, ge=1, description="jobs that run at a time, all workers together")
    running_each: int = Field(1, ge=1, description="of these, jobs of one user or one anonymous address")
    active_each: int = Field(100, ge=1, description="jobs of one user that have not ended")
    default_seconds: int = Field(3600, ge=1, description="time of a job that asks for none")
    most_seconds: int = Field(86_400, ge=1, description="time a job may ask for")
    rows: int = Field(10_000_000, ge=1, description="rows of a job's result (MAXREC may not exceed it)")
    default_days: float = Field(7, gt=0, description="days a job and its results are kept")
    most_days: float = Field(30, gt=0, description="days a job may ask to be kept")
    scratch: str = Field("20GB", description="temporary room of one job")
    store: str = Field("100GB", description="results of all jobs together")
    user_store: str = Field("10GB", description="results of one user's jobs")
    anonymous_store: str = Field("1GB", description="results of one anonymous address's jobs")


class Serving(Config):
    """Serving copies: DuckDB files of tables, which answer some queries faster than the Parquet files."""

    copies: Literal["auto", "always", "never"] = Field(
        "auto",
        description="`auto` makes copies within `room`, but not of tables with added segments; `always` of all; a"
        " data set may say its own `serving:` unless this is `never`",
    )
    room: str = Field("100GB", description="copies together; those that were not used for longest make room")


class Keep(Config):
    """What `tianku gc` leaves, beside all that is shown, shared or read by a job."""

    revisions: int = Field(1, ge=0, description="revisions of a data set older than the one shown, to go back to")
    days: float = Field(1, ge=0, description="days for which every revision stays once it is built")
    unfinished_days: float = Field(2, ge=0, description="days for which an interrupted ingest can be resumed")


class SiteConfig(Config):
    """The installation: who runs it and where its bytes are. Paths are relative to site.yaml."""

    authority: str = Field(
        pattern=r"^[A-Za-z0-9][\w.-]{2,}$", description="IVOA authority, e.g. nadc.china-vo.org"
    )
    title: Text = Field(description="name of the site, on every page")
    publisher: Text = Field(Text(), description="who publishes, in the footer")
    contact: str | None = Field(None, description="e-mail address or page shown to visitors")
    url: str | None = Field(None, pattern=r"^https?://", description="public address; else the request's")
    languages: tuple[Literal["en", "zh"], ...] = Field(
        ("en", "zh"), description="languages of the pages (not acted on yet)"
    )
    data_root: str = Field("data", description="folder of snapshots, state database and caches")
    collections: str = Field("collections", description="folder of the collections")
    sources: dict[str, str] = Field({}, description="collection or dataset -> folder its globs start from")
    database: str = Field(
        "sqlite",
        pattern=r"^(sqlite|postgresql://.+)$",
        description="`sqlite` keeps it under `data_root`; several nodes need PostgreSQL",
    )
    signup: bool = Field(False, description="True lets visitors register")
    trusted_proxies: Strings = Field(
        (), description="addresses whose X-Forwarded-Proto and X-Forwarded-Host count"
    )
    login_hosts: dict[str, str] = Field(
        {}, description="host that clients of an older interface (`lamost`), who know it by name, log in at"
    )
    memory: str = Field("4GB", description="memory of the serving instance, all workers together")
    limits: Limits = Field(Limits(), description="what one query may use")
    jobs: Jobs = Field(Jobs(), description="asynchronous jobs")
    serving: Serving = Field(Serving(), description="serving copies, a cache")
    keep: Keep = Field(Keep(), description="what `tianku gc` leaves")
    acknowledgement: Text = Field(Text(), description="sentence for papers, for data that state none")
