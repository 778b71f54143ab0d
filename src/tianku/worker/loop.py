"""The worker's loop: claim, prepare as the owner, let a child work, show the result behind the fence."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
import time
import uuid
from multiprocessing import connection
from pathlib import Path

from tianku.engines.errors import timeout
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.config.site import SiteConfig
from tianku.model.errors import AuthError, FatalError, TiankuError
from tianku.model.sizes import parse_bytes
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.storage.failpoints import failpoint
from tianku.storage.files import require_room
from tianku.usecases.current import Current, Shown
from tianku.usecases.jobs import copies, files
from tianku.usecases.jobs.operation import Outcome, Prepared
from tianku.usecases.jobs.registry import any_operation
from tianku.usecases.jobs.service import check_quota, checked_arguments, quota_of, stated
from tianku.worker.attempt import Answer, Attempt
from tianku.worker.children import Children

log = logging.getLogger(__name__)

#: seconds between two looks for waiting jobs
POLL_SECONDS = 0.02
#: the same, after a look that found waiting jobs whose turn it was not
TURN_SECONDS = 0.25
#: seconds between two looks whether running jobs are still wanted: what an abort takes
WATCH_SECONDS = 0.2
#: seconds without a word of its worker after which a job is taken over
LEASE_SECONDS = 20.0
#: leases are renewed so many times before they end
_RENEWALS = 4
TIDY_SECONDS = 30.0
_MOST_EXPIRED = 500


class Every:
    """Says when something is due again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is due; asking starts the next period."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True

    def soon(self) -> None:
        """Make it due at once."""
        self._next = 0.0


class Worker:
    """Does jobs until it is told to stop. It is the desk at which their work is prepared."""

    def __init__(self, root: Path, site: SiteConfig, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.site = site
        self.data_root = (root / site.data_root).resolve()
        self.clock = time.time
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lease = lease_seconds
        self._shown = Shown(self.data_root)
        self._children = Children()
        self._running: list[Attempt] = []
        self._wished: set[copies.CopyArguments] = set()
        self._stop = threading.Event()
        self._turn, self._watch = Every(TURN_SECONDS), Every(WATCH_SECONDS)
        self._renewal, self._tidying = Every(lease_seconds / _RENEWALS), Every(TIDY_SECONDS)
        self._renewed = time.monotonic()

    def current(self) -> Current:
        """Return the picture with where its rows are."""
        return self._shown.current()

    def stop(self) -> None:
        """Ask for the end; safe in a signal handler and in any thread."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`; then give back what is not done."""
        try:
            self._children.restock()
            while not self._stop.is_set():
                try:
                    with repositories.session():
                        self._step()
                # the state database is away, or a fault of ours: jobs are safe behind their leases
                except Exception:
                    log.exception("a step of the worker failed")
                    self._fence_myself()
                    self._stop.wait(1.0)
        finally:
            self._end()

    def _step(self) -> None:
        ready = connection.wait([attempt.pipe for attempt in self._running], POLL_SECONDS)
        for attempt in [one for one in self._running if one.pipe in ready]:
            self._running.remove(attempt)
            self._finish(attempt, attempt.answer())
            self._turn.soon()
        self._end_overdue()
        if self._running and self._watch.due():
            self._drop_unwanted()
        if self._running and self._renewal.due():
            repositories.renew_leases(self.name, self._lease)
            self._renewed = time.monotonic()
        if len(self._running) < self.site.jobs.running and repositories.jobs_waiting() and self._turn.due():
            self._claim()
        elif self._tidying.due():
            self._tidy()

    def _claim(self) -> None:
        limits = self.site.jobs
        job = repositories.claim_job(
            self.name, self._lease, running=limits.running, running_each=limits.running_each
        )
        if job is None:
            return
        self._turn.soon()
        if not self._running:
            self._renewed = time.monotonic()
        failpoint("jobs.claimed")
        key = (job.id, job.attempt)
        try:
            room = self._room(job)
            prepared = self._prepare(job)
        except TiankuError as error:
            repositories.fail_attempt(key, stated(error))
            return
        except Exception:  # a fault of ours ends this job, not the worker
            failure = FatalError("job.failed", "The job failed inside; this is our mistake and has been recorded.")
            log.exception("job.failed incident=%s", failure.incident)
            repositories.fail_attempt(key, stated(failure))
            return
        if not repositories.note_attempt(key, prepared.info, prepared.snapshots):
            repositories.give_back(key, blameless=True)  # a snapshot went meanwhile; the next picture knows
            return
        failpoint("jobs.pinned")
        self._begin(job, prepared, room)

    def _room(self, job: JobRecord) -> int:
        """Return the bytes that the job's result may have."""
        require_room(self.data_root)
        return check_quota(self.site.jobs, job.account)

    def _prepare(self, job: JobRecord) -> Prepared:
        fresh = self._shown.changed()
        if fresh is not None:
            self._shown.take_up(fresh)
        arguments = checked_arguments(job.kind, job.arguments or {})
        return any_operation(job.kind).prepare(self, _owner(job), arguments, job.base_url)

    def _begin(self, job: JobRecord, prepared: Prepared, room: int) -> None:
        folder = files.attempt_folder(self.data_root, job.id, job.attempt)
        try:
            attempt = Attempt(job, prepared, self._children.take(), folder, room)
        except (OSError, EOFError):
            log.warning("no child for job %s: the fork server is gone and will be started again", job.id)
            repositories.give_back((job.id, job.attempt), blameless=True)
            return
        self._running.append(attempt)
        failpoint("jobs.started")
        self._children.restock()

    def _finish(self, attempt: Attempt, answer: Answer) -> None:
        if isinstance(answer, Outcome):
            shown = self._complete(attempt, answer)
        else:
            shown = False
            if answer is None:
                log.warning("the child of job %s, attempt %d, died", *attempt.key)
                repositories.give_back(attempt.key)
            else:
                repositories.fail_attempt(attempt.key, stated(answer))
        attempt.kill()
        if not shown:
            shutil.rmtree(attempt.folder, ignore_errors=True)

    def _complete(self, attempt: Attempt, outcome: Outcome) -> bool:
        results = files.as_results(self.data_root, attempt.folder, outcome.files)
        limits, account = self.site.jobs, attempt.job.account
        quota, store = quota_of(limits, account), parse_bytes(limits.store)
        info = {**attempt.prepared.info, **outcome.info}
        failpoint("jobs.before_complete")
        try:
            shown = repositories.complete_attempt(
                attempt.key, results, info, account=account, quota=quota, store=store
            )
        except OverflowError:
            repositories.fail_attempt(attempt.key, stated(files.too_large(quota)))
            return False
        failpoint("jobs.after_complete")
        if shown:
            files.remove_others(attempt.folder)
        return shown

    def _end_overdue(self) -> None:
        for attempt in [one for one in self._running if one.overdue()]:
            self._kill(attempt)
            error = timeout(attempt.job.duration)
            repositories.fail_attempt(attempt.key, stated(error), aborted=True)

    def _drop_unwanted(self) -> None:
        wanted = repositories.attempts_of(self.name)
        for attempt in [one for one in self._running if one.key not in wanted]:
            self._kill(attempt)
            self._turn.soon()

    def _fence_myself(self) -> None:
        """End children whose leases must have ended: another worker does their jobs by now."""
        if time.monotonic() - self._renewed > self._lease:
            for attempt in list(self._running):
                self._kill(attempt)

    def _kill(self, attempt: Attempt) -> None:
        self._running.remove(attempt)
        attempt.kill()
        shutil.rmtree(attempt.folder, ignore_errors=True)

    def _tidy(self) -> None:
        for job_id in repositories.expired_jobs(_MOST_EXPIRED):
            repositories.delete_job(job_id)
            files.remove_job(self.data_root, job_id)
        files.sweep(self.data_root, repositories.shown_attempts)
        self._queue_copy()

    def _queue_copy(self) -> None:
        """Have one serving copy built that is lacking; one that failed is not tried again by this worker."""
        fresh = self._shown.changed()
        if fresh is not None:
            self._shown.take_up(fresh)
        wished = next((one for one in copies.lacking(self) if one not in self._wished), None)
        if wished is not None and copies.queue_copy(wished):
            self._wished.add(wished)

    def _end(self) -> None:
        with repositories.session():
            for attempt in list(self._running):
                self._kill(attempt)
                repositories.give_back(attempt.key, blameless=True)
        self._children.close()


def _owner(job: JobRecord) -> Principal:
    """Return whom the job runs as: its owner as they are now.

    Raises
    ------
    AuthError
        ``job.owner``: the account was closed.
    """
    if job.owner is None:
        return ANONYMOUS
    principal = repositories.principal_named(job.owner)
    if principal is None:
        raise AuthError(
            "job.owner", "The account {user} is closed; its jobs do not run.", user=job.owner, login=False
        )
    return principal
