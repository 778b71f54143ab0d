"""A cross-match as a job: published tables, files sent along, results of other jobs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tianku.adql.schema import Cone
from tianku.engines.duckdb import DuckDBEngine
from tianku.formats.table import Info, TableInfo
from tianku.formats.writers import get_writer
from tianku.model.access import Principal
from tianku.model.sizes import parse_bytes
from tianku.model.text import Text
from tianku.planner.matching import How
from tianku.usecases.crossmatch import Planned, plan_match
from tianku.usecases.jobs.operation import Desk, Operation, Outcome, Prepared
from tianku.usecases.jobs.rows import Form, write_rows
from tianku.usecases.match_answer import Reads, begin, check_pairs, considered
from tianku.usecases.match_request import CrossmatchRequest, tables_of
from tianku.usecases.match_tables import PublishedSide, SideSource
from tianku.usecases.query import row_limit

#: rows of both tables together that are matched in a second at least, for predictions
_ROWS_PER_SECOND = 5e5
_SECONDS = 0.5


@dataclass(frozen=True)
class MatchWork:
    """A planned match: what it may read is named in it, and nothing else can be read."""

    left: SideSource
    right: SideSource
    how: How
    area: Cone | None
    maxrec: int
    format: str
    base_url: str
    memory_bytes: int
    scratch_bytes: int
    threads: int

    def run(self, folder: Path, most_bytes: int) -> Outcome:
        """Match in this process, with an instance of its own, and write the rows as they come."""
        scratch = folder / "scratch"
        engine = DuckDBEngine(
            [*self.left.relations(), *self.right.relations()],
            threads=self.threads,
            memory_bytes=self.memory_bytes,
            temp_dir=scratch,
            spill_bytes=self.scratch_bytes,
        )
        info = TableInfo(name="crossmatch", infos=(Info("QUERY_STATUS", "OK"),))
        with begin(self.left, self.right, self.how, Reads(lambda _: engine), self.area) as result:
            form = Form(result.columns, self.maxrec, self.format, info, self.base_url)
            outcome = write_rows(result, form, folder, most_bytes)
        engine.close()
        shutil.rmtree(scratch, ignore_errors=True)
        return outcome


def prepare_crossmatch(desk: Desk, principal: Principal, arguments: CrossmatchRequest, base_url: str) -> Prepared:
    """Plan the match for `principal`; one that would find too many pairs is refused before it is queued."""
    site = desk.site
    get_writer(arguments.format)
    left, right = tables_of(desk.data_root, principal, arguments, {})
    planned = plan_match(desk, principal, left, right, arguments.how, arguments.epoch, arguments.area)
    _check_published(planned)
    work = MatchWork(
        left=planned.left,
        right=planned.right,
        how=planned.how,
        area=planned.area,
        maxrec=row_limit(arguments.maxrec, site.jobs.rows, site.jobs.rows),
        format=arguments.format,
        base_url=base_url,
        memory_bytes=parse_bytes(site.limits.query_memory),
        scratch_bytes=parse_bytes(site.jobs.scratch),
        threads=os.cpu_count() or 1,
    )
    viewer = planned.viewer
    info = {"generation": viewer.picture.generation, "versions": dict(viewer.versions), "public": planned.public}
    rows = sum(s.stored.nrows for s in (planned.left, planned.right) if isinstance(s, PublishedSide))
    return Prepared(work, info, planned.snapshots, _SECONDS + rows / _ROWS_PER_SECOND)


def _check_published(planned: Planned) -> None:
    """Refuse too many pairs where that is known without reading a row."""
    sides = [s for s in (planned.left, planned.right) if isinstance(s, PublishedSide) and s.shift is not None]
    if len(sides) == 2:
        nothing = Reads(lambda _: _unused())
        a, b = (considered(side.open(nothing.run, nothing.limits), planned.area) for side in sides)
        check_pairs(a, b, planned.how.radius)


def _unused() -> DuckDBEngine:
    raise AssertionError("a table that is read by its position is opened without reading it")


def crossmatch_parameters(arguments: CrossmatchRequest) -> list[tuple[str, str]]:
    """Return the arguments as the pairs that jobs show."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    sides = {name: given.pop(name, {}) for name in ("left", "right")}
    pairs = [
        (f"{side}.{key}", ",".join(value) if isinstance(value, list) else str(value))
        for side, values in sides.items()
        for key, value in _flat(values)
    ]
    return [*pairs, *((key, str(value)) for key, value in given.items())]


def _flat(values: Mapping[str, object]) -> list[tuple[str, object]]:
    flat: list[tuple[str, object]] = []
    for key, value in values.items():
        flat += [(f"{key}.{k}", v) for k, v in value.items()] if isinstance(value, dict) else [(key, value)]
    return flat


CROSSMATCH = Operation(
    kind="crossmatch",
    title=Text(en="Cross-match", zh="交叉证认"),
    arguments=CrossmatchRequest,
    prepare=prepare_crossmatch,
    parameters=crossmatch_parameters,
)
