"""What the repositories hand out: plain values, never models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

PublicationState = Literal["built", "published", "withdrawn"]
JobPhase = Literal["PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR", "ABORTED"]

JOB_PHASES: tuple[JobPhase, ...] = get_args(JobPhase)
#: phases that a job does not leave
FINAL: frozenset[JobPhase] = frozenset({"COMPLETED", "ERROR", "ABORTED"})


@dataclass(frozen=True, slots=True)
class PublicationRecord:
    """One revision of a dataset; `manifest` is a path relative to the data root."""

    dataset: str
    revision: int
    state: PublicationState
    manifest: str
    built_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person with an account."""

    id: int
    username: str
    email: str
    display_name: str
    active: bool
    operator: bool
    groups: frozenset[str]
    joined: datetime


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A personal access token without its secret."""

    id: int
    user: str
    label: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The state of the database's tables: newest migration of ours, and those still to apply."""

    current: str | None
    pending: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobResult:
    """A result file; `path` is relative to the data root."""

    id: str
    path: str
    size: int
    sha256: str
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A UWS job.

    Attributes
    ----------
    account
        Who its quotas and turns are counted for.
    parameters
        What its creator sent, in order; the protocol's words.
    arguments
        What its operation runs with; None until it is to run.
    duration
        Seconds it may run.
    attempt
        Rises with every claim: the fence behind which an older attempt changes nothing.
    error
        ``code``, ``message``, ``params`` and ``kind`` of a `TiankuError`.
    info
        What its last attempt noted: generation, versions, rows …
    """

    id: str
    kind: str
    owner: str | None
    account: str
    run_id: str
    phase: JobPhase
    parameters: tuple[tuple[str, str], ...]
    arguments: Mapping[str, Any] | None
    base_url: str
    created: datetime
    queued: datetime | None
    started: datetime | None
    ended: datetime | None
    destruction: datetime
    quote: datetime | None
    duration: int
    attempt: int
    results: tuple[JobResult, ...]
    error: Mapping[str, Any] | None
    info: Mapping[str, Any]

    @property
    def final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.phase in FINAL


@dataclass(frozen=True, slots=True)
class JobUse:
    """What an account has of the job store: jobs not ended, and bytes of results."""

    active: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """A selection of files; `sets` and `numbers` as `tianku.usecases.archives.selection` writes them."""

    digest: str
    sets: list[dict[str, Any]]
    numbers: bytes


@dataclass(frozen=True, slots=True)
class LostMember:
    """A file of a selection that is gone: index of its set, SHA-256 of the set's tree, number in the tree."""

    place: int
    tree: str
    number: int
