"""``site.yaml``: the installation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tianku.model.config.base import Config, Strings, Text


class Limits(Config):
    """Documented limits; every refusal names the one it met."""

    sync_rows: int = Field(1_000_000, ge=1, description="rows of a synchronous answer (MAXREC may not exceed it)")
    default_rows: int = Field(100_000, ge=1, description="rows when MAXREC is not given")
    sync_seconds: float = Field(60, gt=0)
    upload_bytes: int = Field(100_000_000, ge=1)
    query_memory: str = "2GB"
    query_children: int = Field(2, ge=1)
    cone_degrees: float = Field(180, gt=0, le=180)


class SiteConfig(Config):
    """The installation: who runs it and where its bytes are. Paths are relative to site.yaml."""

    authority: str = Field(
        pattern=r"^[A-Za-z0-9][\w.-]{2,}$", description="IVOA authority, e.g. nadc.china-vo.org"
    )
    title: Text
    publisher: Text = Text()
    contact: str | None = None
    url: str | None = Field(None, pattern=r"^https?://", description="public address; else the request's")
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh")
    data_root: str = "data"
    collections: str = Field("collections", description="folder of the collections")
    sources: dict[str, str] = Field({}, description="collection or dataset -> folder its globs start from")
    database: str = Field("sqlite", pattern=r"^(sqlite|postgresql://.+)$")
    signup: bool = False
    trusted_proxies: Strings = ()
    login_hosts: dict[str, str] = Field({}, description="hosts named to clients that must log in elsewhere")
    memory: str = Field("4GB", description="memory of the serving instance, all workers together")
    limits: Limits = Limits()
    acknowledgement: Text = Text()
