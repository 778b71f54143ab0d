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
        {}, description="hosts named to clients that must log in elsewhere (not acted on yet)"
    )
    memory: str = Field("4GB", description="memory of the serving instance, all workers together")
    limits: Limits = Field(Limits(), description="what one query may use")
    acknowledgement: Text = Field(Text(), description="sentence for papers, for data that state none")
