"""Cross-matches as jobs: a file, a published table and the result of another job, in a child of the worker."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow.parquet as pq

from tests.worker.conftest import Jobs
from tianku.model.access import ANONYMOUS
from tianku.state import repositories as state
from tianku.usecases.centre import Centre
from tianku.usecases.jobs.files import upload_path
from tianku.usecases.match_job import submit
from tianku.usecases.match_request import CrossmatchRequest

TABLE = "hipparcos.main"


def test_files_tables_and_results_are_matched(jobs: Jobs) -> None:
    centre = Centre.open(jobs.root)

    def start(asked: dict[str, Any], **files: bytes) -> str:
        request = CrossmatchRequest.model_validate({"radius": 3, "format": "csv"} | asked)
        sent = {name: io.BytesIO(content) for name, content in files.items()}
        return submit(centre, ANONYMOUS, "10.0.0.1", request, sent, "http://here").id

    def rows(job: str) -> list[dict[str, str]]:
        one = jobs.wait(job)
        assert one.phase == "COMPLETED", one.error
        return list(csv.DictReader(io.StringIO((jobs.data / one.results[0].path).read_text())))

    try:
        meta = centre.picture().by_schema["hipparcos"].tables["main"].meta
        files = centre.current().storage(meta).files
        stars = pq.read_table(files[0].path, columns=["hip", "ra", "dec"]).slice(0, 3).to_pylist()
        lines = "".join(f"{i},{s['ra']!r},{s['dec'] + 1 / 3600!r}\n" for i, s in enumerate(stars))
        mine = f"mine,ra,dec\n{lines}9,,\n".encode()
        with jobs.worker():
            first = start({"right": {"table": TABLE, "columns": ["hip"]}, "join": "left"}, left=mine)
            found = {int(row["mine"]): row["hip"] for row in rows(first)}
            assert found == {i: str(s["hip"]) for i, s in enumerate(stars)} | {9: ""}
            assert state.job(first).info["rows"] == 4 and upload_path(jobs.data, first, "left").is_file()

            again = start({"left": {"upload": first}, "right": {"job": first, "columns": ["mine"]}})
            assert {(r["mine"], r["mine_2"], r["separation"]) for r in rows(again)} == {
                (str(i), str(i), "0") for i in range(3)
            }
            itself = start(
                {"left": {"table": TABLE, "columns": ["hip"]}, "right": {"table": TABLE}, "join": "best"}
            )
            assert len(rows(itself)) == meta.nrows
            broken = jobs.wait(start({"right": {"table": TABLE}}, left=b"a,b\n1,2\n"))
            assert broken.phase == "ERROR" and broken.error is not None
            assert broken.error["code"] == "match.no_position"
    finally:
        centre.close()


def test_what_cannot_run_is_said_at_once(jobs: Jobs) -> None:
    centre = Centre.open(jobs.root)
    try:
        for right, code in (
            ({"table": "hipparcos.none"}, "table.unknown"), ({"job": "0" * 32}, "job.unknown"),
            ({"upload": "0" * 32}, "job.unknown"), ({"table": TABLE, "job": "x"}, "match.side"),
        ):  # fmt: skip
            request = CrossmatchRequest.model_validate({"left": {"table": TABLE}, "right": right, "radius": 1})
            job = submit(centre, ANONYMOUS, "10.0.0.1", request, {}, "http://here")
            assert job.phase == "ERROR" and job.error is not None and job.error["code"] == code
    finally:
        centre.close()
