"""The resources of a job service (UWS 1.1, 2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tianku.http.absolute import base_url, client_address
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.errors import Renderer, guarded
from tianku.http.files import send_file
from tianku.http.params import Params, query_pairs, read_form, read_params
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, TiankuError
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.usecases.jobs import service
from tianku.vo.dali.errors import votable_error
from tianku.vo.uws import documents
from tianku.vo.uws import params as control
from tianku.vo.xml import instant, xml_response

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobService:
    """The asynchronous side of a protocol.

    Attributes
    ----------
    path
        Where its job list is, e.g. ``/vo/tap/async``.
    kind
        The operation its jobs run.
    arguments
        Makes the operation's arguments from the protocol's parameters and the job's id, or raises `UsageError`.
    keep
        Keeps a file that comes with a job: data root, job, part of the form, its bytes; without it there are none.
    errors
        How the protocol states errors.
    """

    path: str
    kind: str
    arguments: Callable[[Params, str], Mapping[str, Any]]
    keep: Callable[[Path, str, str, BinaryIO], None] | None = None
    errors: Renderer = votable_error

    def routes(self) -> list[Route]:
        """Return the routes of the job list, of a job, and of what a job is made of."""
        guard = guarded(self.errors)
        job = f"{self.path}/{{job}}"
        return [
            Route(self.path, guard(self.listing), methods=["GET"]),
            Route(self.path, guard(self.create), methods=["POST"]),
            Route(job, guard(self.show), methods=["GET"]),
            Route(job, guard(self.change), methods=["POST"]),
            Route(job, guard(self.delete), methods=["DELETE"]),
            Route(f"{job}/results/{{result}}", guard(self.result), methods=["GET"]),
            Route(f"{job}/{{part}}", guard(self.part), methods=["GET"]),
            Route(f"{job}/{{part}}", guard(self.change_part), methods=["POST"]),
        ]

    async def listing(self, request: Request) -> Response:
        """``GET``: the caller's jobs; whoever is not logged in has none that are listed."""
        principal = await principal_of(request)
        chosen = control.job_filter(Params(query_pairs(request)))

        def find() -> list[JobRecord]:
            return service.mine(principal, self.kind, phases=chosen.phases, after=chosen.after, last=chosen.last)

        jobs = await _in_state(context_of(request), find)
        return _xml(documents.jobs_document(jobs, self._address(request)))

    async def create(self, request: Request) -> Response:
        """``POST``: a new job, started when the same request says PHASE=RUN."""
        context = context_of(request)
        context.gate.check()
        params, files = await self._form(request)
        wish = control.wish(params)
        principal = await principal_of(request)
        base, address = base_url(request, context.site), client_address(request, context.site)

        def make() -> JobRecord:
            job = service.create(
                context.centre,
                self.kind,
                principal,
                address,
                parameters=control.own(params),
                base_url=base,
            )
            with service.forgotten_unless_done(context.centre.data_root, job):
                self._set_control(context, job, params)
                self._keep(context, job, files)
            return job

        job = await _in_state(context, make)
        if wish == "RUN":
            try:
                await self._start(context, principal, job.id)
            except TiankuError:  # its maker has not been told its id
                await _in_state(context, lambda: service.delete(context.centre.data_root, job))
                raise
        return self._see(request, job.id)

    async def show(self, request: Request) -> Response:
        """``GET {job}``: its description, after a change of phase when WAIT asks for one."""
        seconds, phase = control.wait_seconds(Params(query_pairs(request)))
        job = await self._job(request)
        if seconds and not job.final and phase in (None, job.phase):
            await context_of(request).jobs.changed_for(request.receive, job.id, job.phase, seconds)
            job = await self._job(request)
        return _xml(documents.job_document(job, f"{self._address(request)}/{job.id}"))

    async def change(self, request: Request) -> Response:
        """``POST {job}``: PHASE, ACTION=DELETE, limits, or parameters of a job that has not been started."""
        context = context_of(request)
        job = await self._job(request)
        params, files = await self._form(request)
        if control.deletes(params):
            return await self.delete(request)
        wish, own = control.wish(params), control.own(params)

        def apply() -> None:
            if own or files:
                service.set_parameters(job, own)
            self._keep(context, job, files)
            self._set_control(context, job, params)
            if wish == "ABORT":
                service.abort(job)

        await _in_state(context, apply)
        if wish == "RUN":
            await self._start(context, await principal_of(request), job.id)
        return self._see(request, job.id)

    async def delete(self, request: Request) -> Response:
        """``DELETE {job}``: stop it and forget it with its results."""
        context = context_of(request)
        job = await self._job(request)
        await _in_state(context, lambda: service.delete(context.centre.data_root, job))
        return RedirectResponse(self._address(request), 303)

    async def part(self, request: Request) -> Response:
        """``GET {job}/phase`` …: one thing about the job."""
        job = await self._job(request)
        name = request.path_params["part"]
        address = f"{self._address(request)}/{job.id}"
        if name == "results":
            return _xml(documents.results_document(job, address))
        if name == "parameters":
            return _xml(documents.parameters_document(job))
        if name == "error":
            return self._error(request, job)
        text = {
            "phase": job.phase,
            "executionduration": str(job.duration),
            "destruction": instant(job.destruction),
            "quote": instant(job.quote) if job.quote is not None else "",
            "owner": job.owner or "",
        }.get(name)
        if text is None:
            raise NotFoundError("uws.no_part", "A job has no {part}.", part=name[:40])
        return PlainTextResponse(text, headers=cache_headers(public=False))

    async def change_part(self, request: Request) -> Response:
        """``POST {job}/phase`` …: the same as a POST to the job, for the parameters that the name speaks of."""
        name = request.path_params["part"]
        if name not in ("phase", "executionduration", "destruction", "parameters"):
            raise NotFoundError("uws.no_part", "A job has no {part}.", part=name[:40])
        return await self.change(request)

    async def result(self, request: Request) -> Response:
        """``GET {job}/results/{result}``: a file, or a range of it."""
        job = await self._job(request)
        file = service.result_file(context_of(request).centre.data_root, job, request.path_params["result"])
        return await send_file(request, file)

    async def _form(self, request: Request) -> tuple[Params, dict[str, BinaryIO]]:
        if self.keep is None:
            return await read_params(request, FORM_BYTES), {}
        return await read_form(request, FORM_BYTES, context_of(request).site.limits.upload_bytes)

    def _keep(self, context: Context, job: JobRecord, files: Mapping[str, BinaryIO]) -> None:
        for name, file in files.items():
            with file:
                if self.keep is not None:
                    self.keep(context.centre.data_root, job.id, name, file)

    def _error(self, request: Request, job: JobRecord) -> Response:
        if job.error is None:
            raise NotFoundError("job.no_error", "Job {id} ({phase}) has no error.", id=job.id, phase=job.phase)
        stated = TiankuError(job.error["code"], "{message}", message=job.error["message"])
        response = self.errors(request, stated)
        response.status_code = 200
        return response

    async def _start(self, context: Context, principal: Principal, job_id: str) -> None:
        def start() -> None:
            with repositories.session():
                job = service.visible(principal, job_id, self.kind)
                service.start(
                    context.centre, job, principal, lambda: self.arguments(Params(job.parameters), job.id)
                )

        context.gate.check()
        await context.pools.engine.run(start)

    def _set_control(self, context: Context, job: JobRecord, params: Params) -> None:
        if (run_id := params.one("RUNID")) is not None:
            service.set_run_id(job, run_id)
        seconds, destruction = control.duration(params), control.instant(params, "DESTRUCTION")
        if seconds is not None:
            service.set_duration(context.site.jobs, job, seconds)
        if destruction is not None:
            service.set_destruction(context.site.jobs, job, destruction)

    async def _job(self, request: Request) -> JobRecord:
        principal = await principal_of(request)
        job_id = request.path_params["job"]
        return await _in_state(context_of(request), lambda: service.visible(principal, job_id, self.kind))

    def _address(self, request: Request) -> str:
        return base_url(request, context_of(request).site) + self.path

    def _see(self, request: Request, job_id: str) -> Response:
        return RedirectResponse(f"{self._address(request)}/{job_id}", 303)


def _xml(body: bytes) -> Response:
    return xml_response(body, public=False)


async def _in_state(context: Context, call: Callable[[], T]) -> T:
    def inside() -> T:
        with repositories.session():
            return call()

    return await context.pools.state.run(inside)
