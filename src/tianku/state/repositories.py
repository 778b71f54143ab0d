"""The only door to the state database; importable before `setup`, usable after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tianku.state.accounts import (
    add_member,
    authenticate,
    create_token,
    create_user,
    csrf_token,
    csrf_token_matches,
    forget_principals,
    groups,
    principal_for_session,
    principal_for_token,
    principal_for_user,
    remove_member,
    revoke_token,
    set_active,
    set_display_name,
    set_operator,
    set_password,
    tokens,
    user,
    users,
    write_last_use,
)
from tianku.state.claims import (
    Attempt,
    attempts_of,
    claim_job,
    complete_attempt,
    expired_jobs,
    fail_attempt,
    give_back,
    jobs_waiting,
    note_attempt,
    renew_leases,
    shown_attempts,
)
from tianku.state.jobs import (
    abort_job,
    account_of,
    create_job,
    delete_job,
    job,
    job_counts,
    job_phases,
    job_use,
    jobs_of,
    queue_job,
    refuse_job,
    set_job_destruction,
    set_job_duration,
    set_job_parameters,
)
from tianku.state.maintenance import backup, check_schema, migrate, restore, schema_version
from tianku.state.publications import (
    flip,
    generation,
    policy_overrides,
    publication,
    publications,
    record_built,
    remove,
    set_policy,
    snapshot,
    withdraw,
)
from tianku.state.records import (
    JobPhase,
    JobRecord,
    JobResult,
    JobUse,
    PublicationRecord,
    PublicationState,
    SchemaVersion,
    TokenRecord,
    UserRecord,
)
from tianku.state.settings import SESSION_COOKIE, Profile, setup

__all__ = [
    "SESSION_COOKIE",
    "Attempt",
    "JobPhase",
    "JobRecord",
    "JobResult",
    "JobUse",
    "Profile",
    "PublicationRecord",
    "PublicationState",
    "SchemaVersion",
    "TokenRecord",
    "UserRecord",
    "abort_job",
    "account_of",
    "add_member",
    "attempts_of",
    "authenticate",
    "backup",
    "check_schema",
    "claim_job",
    "complete_attempt",
    "create_job",
    "create_token",
    "create_user",
    "csrf_token",
    "csrf_token_matches",
    "delete_job",
    "expired_jobs",
    "fail_attempt",
    "flip",
    "forget_principals",
    "generation",
    "give_back",
    "groups",
    "job",
    "job_counts",
    "job_phases",
    "job_use",
    "jobs_of",
    "jobs_waiting",
    "migrate",
    "note_attempt",
    "policy_overrides",
    "principal_for_session",
    "principal_for_token",
    "principal_for_user",
    "publication",
    "publications",
    "queue_job",
    "record_built",
    "refuse_job",
    "remove",
    "remove_member",
    "renew_leases",
    "restore",
    "revoke_token",
    "schema_version",
    "session",
    "set_active",
    "set_display_name",
    "set_job_destruction",
    "set_job_duration",
    "set_job_parameters",
    "set_operator",
    "set_password",
    "set_policy",
    "setup",
    "shown_attempts",
    "snapshot",
    "tokens",
    "user",
    "users",
    "withdraw",
    "write_last_use",
]


@contextmanager
def session() -> Iterator[None]:
    """Wrap work of one thread that may touch the database: stale connections close around it."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
