"""Starting a cross-match as a job, with the files that come with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from tianku.model.access import Principal
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.usecases.jobs import service
from tianku.usecases.jobs.crossmatch import CROSSMATCH, crossmatch_parameters
from tianku.usecases.jobs.files import keep_upload
from tianku.usecases.jobs.operation import Desk
from tianku.usecases.match_request import CrossmatchRequest


def submit(
    desk: Desk, principal: Principal, address: str, asked: CrossmatchRequest, files: Mapping[str, BinaryIO],
    base_url: str,
) -> JobRecord:  # fmt: skip
    """Make a job of a match and start it; one that cannot run is in phase ERROR and says why.

    Parameters
    ----------
    address
        Where an anonymous caller asks from.
    files
        Those sent as ``left`` and ``right``; they are kept as long as the job.

    Raises
    ------
    UsageError, TransientError
        As `tianku.usecases.jobs.service.create`.
    """
    sent = [(f"{name}.file", "…") for name in files]
    job = service.create(
        desk, CROSSMATCH.kind, principal, address, parameters=[*sent, *crossmatch_parameters(asked)],
        base_url=base_url,
    )  # fmt: skip
    with service.forgotten_unless_done(desk.data_root, job):
        for name, stream in files.items():
            keep_upload(desk.data_root, job.id, name, stream)
        kept = {name: getattr(asked, name).model_copy(update={"upload": job.id}) for name in files}
        arguments = asked.model_copy(update=kept)
        service.start(desk, job, principal, lambda: arguments.model_dump(mode="json"))
    return repositories.job(job.id)
