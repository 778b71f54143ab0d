"""The cross-match page, as a browser without scripts uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.centre import FakeCentre
from tianku.state import repositories as state
from tianku.usecases.jobs.files import upload_path

if TYPE_CHECKING:
    from django.test import Client

    from tests.pages.fake import FakeSource

SKY = "sky_dr1.stars"


@pytest.fixture
def root(source: FakeSource, tmp_path: Path) -> Iterator[Path]:
    """Where jobs are prepared: a centre with a table of stars."""
    centre = FakeCentre(tmp_path / "data")
    source.jobs_at = centre
    yield centre.data_root
    centre.close()


def test_the_form_names_the_tables_in_both_languages(client: Client, root: Path) -> None:
    english, chinese = (client.get(f"{lang}/match?left-job=abc").content.decode() for lang in ("", "/zh"))
    assert 'value="hipparcos_hip2.main"' in english and 'name="left-job" value="abc"' in english
    assert "Start the match" in english and "开始证认" in chinese
    assert 'href="/match"' in client.get("/").content.decode()


def test_a_file_and_a_table_become_a_job(client: Client, root: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("mine.csv", b"my,a,d\n1,10,20\n")
    reply = client.post("/zh/match", {
        "left-file": file, "left-ra": "a", "left-dec": "d", "left-errors-sigma": "my", "right-table": SKY,
        "right-columns": "mag, name", "radius": "5", "join": "left", "nearest": "", "format": "fits",
    })  # fmt: skip
    assert reply.status_code == 302 and reply["Location"].startswith("/zh/jobs/")
    job = state.job(reply["Location"].rpartition("/")[2])
    assert (job.kind, job.phase) == ("crossmatch", "QUEUED") and job.arguments is not None
    assert upload_path(root, job.id, "left").read_bytes() == b"my,a,d\n1,10,20\n"
    assert job.arguments["left"]["upload"] == job.id and job.arguments["nearest"] is None
    assert job.arguments["right"]["columns"] == ["mag", "name"]
    assert job.arguments["left"]["errors"]["sigma"] == "my"
    body = client.get(f"/jobs/{job.id}").content.decode()
    assert "right.table" in body and SKY in body and "/vo/" not in body.partition("<dl")[2].partition("</dl>")[0]


@pytest.mark.parametrize(
    ("more", "status", "english", "chinese"),
    [
        ({"right-table": ""}, 400, "right: either", "right"),
        ({"right-table": "sky_dr1.nothing"}, 400, "there is no table", "没有"),
        ({"right-columns": "nothing"}, 400, "no column", "没有列"),
        ({"radius": "far"}, 400, "radius cannot be “far”", "far"),
        ({"left-job": "0" * 32}, 400, "left: either", "left"),
        ({"left-table": "", "left-job": "0" * 32}, 400, "There is no job", "没有任务"),
        ({"radius": "18000", "nearest": "0"}, 400, "nearest cannot be “0”", "nearest"),
    ],
)
def test_what_cannot_be_matched_is_said_above_the_form(
    client: Client, root: Path, more: dict[str, str], status: int, english: str, chinese: str
) -> None:
    fields = {"left-table": SKY, "right-table": SKY, "radius": "7", "nearest": "1", "join": "inner"} | more
    for address, words in (("/match", english), ("/zh/match", chinese)):
        reply = client.post(address, fields)
        body = reply.content.decode()
        assert reply.status_code == status and words in body.partition('role="alert">')[2].partition("</p>")[0]
        assert f'name="radius" value="{fields["radius"]}"' in body
    assert not list(root.glob("jobs/*/uploads/*"))


def test_forms_of_other_sites_are_refused(root: Path) -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/match", {"left-table": SKY, "right-table": SKY, "radius": "1"}).status_code == 403
