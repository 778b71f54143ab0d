"""What a kind of job is: its arguments, how it is prepared for its owner, and the work a child process does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from tianku.model.access import Principal
from tianku.model.config.site import SiteConfig
from tianku.model.text import Text
from tianku.usecases.current import Current


class Desk(Protocol):
    """Where work is prepared: a server's centre, or a worker, which has no engines."""

    site: SiteConfig
    data_root: Path

    def current(self) -> Current:
        """Return the picture with where its rows are."""
        ...

    def clock(self) -> float:
        """Return the seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A finished file in the attempt's folder; `id` names the result in the protocol."""

    id: str
    name: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What work gave; `info` is noted in the job (rows, overflow …)."""

    files: tuple[ResultFile, ...]
    info: Mapping[str, Any] = field(default_factory=dict)


class Work(Protocol):
    """Work ready to be done, in a process that has neither policy nor state database: it is pickled."""

    def run(self, folder: Path, most_bytes: int) -> Outcome:
        """Do it, in `folder` alone; results may have `most_bytes` together.

        Raises
        ------
        TiankuError
            Shown to the job's owner.
        """
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """Work, and what is known of it beforehand.

    Attributes
    ----------
    info
        Noted in the job: the versions that aliases stood for …
    snapshots
        (dataset, revision) of everything it reads.
    seconds
        How long it may take, very roughly.
    """

    work: Work
    info: Mapping[str, Any]
    snapshots: Iterable[tuple[str, int]]
    seconds: float


#: Prepares work for a principal: `base_url` is this site's address as the job's creator saw it.
#: Raises `UsageError` when the principal may not, or the arguments make no sense.
Prepare = Callable[[Desk, Principal, Any, str], Prepared]


@dataclass(frozen=True, slots=True)
class Operation:
    """A kind of job.

    Attributes
    ----------
    arguments
        The model its arguments are checked by.
    parameters
        The arguments as the parameters of its protocol, for jobs that did not come by it.
    """

    kind: str
    title: Text
    arguments: type[BaseModel]
    prepare: Prepare
    parameters: Callable[[Any], list[tuple[str, str]]]
