"""Download from a Tianku site: parallel segments, resumed after a kill, checked; only damage is fetched again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np

from tianku.formats import tar
from tianku.model.errors import TransientError, UsageError

Progress = Callable[[int, int], None]
SEGMENT = 4 << 20
_PIECE = 1 << 18
_SECONDS = 60.0
#: how often a segment is tried, and damage is fetched again
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Remote:
    """What the site says of a file: its length and its strong validator."""

    url: str
    size: int
    etag: str


class ChangedError(Exception):
    """The file on the site is another one by now."""


def choose(site: str, asked: Mapping[str, Any], token: str | None = None) -> str:
    """Return the address of the archive of a choice: `asked` is the body of ``POST /download``.

    Raises
    ------
    UsageError, TransientError
        As the site says.
    """
    body = json.dumps(dict(asked)).encode()
    headers = {"Content-Type": "application/json"}
    with _opened(f"{site.rstrip('/')}/download", token, headers, body) as answer:
        return str(json.load(answer)["tar"])


def get(
    url: str,
    target: Path,
    *,
    segments: int = 4,
    token: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a file or archive to `target` and return it; what is there of an earlier try is kept.

    Members of archives are checked against the manifest of the site.

    Raises
    ------
    UsageError
        ``get.http``: the site refuses; ``get.damaged``: it sends other bytes than its manifest says.
    TransientError
        ``get.unreachable``; run it again, and it goes on where it was.
    """
    for _ in range(_TRIES):
        remote = _remote(url, token)
        part = _Part(target, remote)
        try:
            _fill(part, remote, segments, token, progress)
            for _ in range(_TRIES):
                damaged = list(_damaged(url, part, token))
                if not damaged:
                    return part.finish()
                part.forget(damaged)
                _fill(part, remote, segments, token, progress)
        except ChangedError:
            part.discard()
            continue
        finally:
            part.close()
        raise UsageError("get.damaged", "{url}: what the site sends is not what its manifest says", url=url)
    raise TransientError("get.unreachable", "{url} changes all the time", url=url)


class _Part:
    """A file in the making: ``<target>.part``, and a list of its finished segments beside it."""

    def __init__(self, target: Path, remote: Remote) -> None:
        self._target, self._remote = target, remote
        self.path = target.with_name(f"{target.name}.part")
        self._list = target.with_name(f"{target.name}.part.list")
        self._lock = threading.Lock()
        head = json.dumps({"etag": remote.etag, "size": remote.size, "segment": SEGMENT})
        lines = self._list.read_text("utf-8").splitlines() if self._list.exists() and self.path.exists() else []
        self.done = {int(line) for line in lines[1:] if line.isdigit()} if lines[:1] == [head] else set()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._file, remote.size)
        self._write_list(head)

    def _write_list(self, head: str) -> None:
        count = -(-self._remote.size // SEGMENT)
        self.done = {number for number in self.done if number < count}
        fresh = self._list.with_name(f"{self._list.name}.new")
        fresh.write_text("".join(f"{line}\n" for line in (head, *sorted(self.done))), "utf-8")
        fresh.replace(self._list)
        self._log = self._list.open("a", encoding="utf-8")

    def missing(self) -> list[int]:
        """Numbers of segments to be fetched."""
        return [n for n in range(-(-self._remote.size // SEGMENT)) if n not in self.done]

    def write(self, offset: int, data: bytes) -> None:
        os.pwrite(self._file, data, offset)

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, length, offset)

    def mark(self, number: int) -> int:
        """Note a finished segment, and return how many there are."""
        with self._lock:
            self.done.add(number)
            self._log.write(f"\n{number}\n")
            self._log.flush()
            return len(self.done)

    def forget(self, spans: Iterable[tuple[int, int]]) -> None:
        """Have the segments of these bytes fetched again."""
        for first, last in spans:
            self.done -= set(range(first // SEGMENT, -(-last // SEGMENT)))

    def finish(self) -> Path:
        """Make it the target."""
        os.fsync(self._file)
        self.path.replace(self._target)
        self._list.unlink()
        return self._target

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._list.unlink(missing_ok=True)

    def close(self) -> None:
        self._log.close()
        os.close(self._file)


def _fill(part: _Part, remote: Remote, segments: int, token: str | None, progress: Progress | None) -> None:
    def fetch(number: int) -> None:
        _segment(part, remote, number, token)
        count = part.mark(number)
        if progress is not None:
            progress(min(count * SEGMENT, remote.size), remote.size)

    with ThreadPoolExecutor(max(1, segments)) as pool:
        waiting = [pool.submit(fetch, number) for number in part.missing()]
        try:
            for one in waiting:
                one.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _segment(part: _Part, remote: Remote, number: int, token: str | None) -> None:
    first = number * SEGMENT
    last = min(first + SEGMENT, remote.size)
    for attempt in range(_TRIES):
        try:
            asked = {"Range": f"bytes={first}-{last - 1}", "If-Range": remote.etag}
            with _opened(remote.url, token, asked) as answer:
                if answer.status != 206 or answer.headers["ETag"] != remote.etag:
                    raise ChangedError
                while first < last and (piece := answer.read(min(_PIECE, last - first))):
                    part.write(first, piece)
                    first += len(piece)
            if first == last:
                return
        except (HTTPException, OSError, TransientError):
            if attempt == _TRIES - 1:
                raise
    raise TransientError("get.unreachable", "{url}: the connection breaks again and again", url=remote.url)


def _damaged(url: str, part: _Part, token: str | None) -> Iterator[tuple[int, int]]:
    """Yield the bytes of members that are not what the manifest says."""
    if "/download/" not in url or not url.endswith((".tar", ".zip")):
        return
    place = url.rpartition(".")[0]
    with _opened(f"{place}/manifest.csv", token) as answer:
        rows = list(csv.DictReader(io.TextIOWrapper(answer, "utf-8")))
    names, sizes = [row["name"] for row in rows], np.array([int(row["size"]) for row in rows], np.int64)
    if url.endswith(".zip"):
        begins = _zip_begins(part.path, names)
        if begins is None:
            yield 0, part.path.stat().st_size
            return
    else:
        octets = np.array([len(name.encode()) for name in names], np.int64)
        heads = tar.head_lengths(octets, np.array([name.isascii() for name in names], np.bool_), sizes)
        begins = (np.cumsum(heads + tar.padded(sizes)) - tar.padded(sizes)).tolist()
    for row, begin, size in zip(rows, begins, sizes.tolist(), strict=True):
        if _sha256(part, begin, size) != row["sha256"]:
            yield begin, begin + max(size, 1)


def _zip_begins(path: Path, names: list[str]) -> list[int] | None:
    """Where the data of each member begins; None when the directory is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = {
                one.filename: one.header_offset + 30 + len(one.filename.encode()) for one in archive.infolist()
            }
            large = {one.filename for one in archive.infolist() if one.file_size >= 0xFFFFFFFF}
        return [found[name] + (20 if name in large else 0) for name in names]
    except (zipfile.BadZipFile, KeyError):
        return None


def _sha256(part: _Part, begin: int, size: int) -> str:
    digest = hashlib.sha256()
    for first, last in pairwise([*range(begin, begin + size, SEGMENT), begin + size]):
        digest.update(part.read(first, last - first))
    return digest.hexdigest()


def _remote(url: str, token: str | None) -> Remote:
    with _opened(url, token, method="HEAD") as answer:
        return Remote(url, int(answer.headers["Content-Length"]), answer.headers["ETag"] or "")


def _opened(
    url: str,
    token: str | None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    method: str | None = None,
) -> Any:
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("get.address", "{url} is no http(s) address", url=url)
    known = {"Authorization": f"Bearer {token}"} if token else {}
    request = Request(url, body, {**(headers or {}), **known}, method=method)  # noqa: S310 - looked at above
    try:
        return urlopen(request, timeout=_SECONDS)  # noqa: S310
    except HTTPError as error:
        text = error.read(2000).decode("utf-8", "replace") or error.reason
        kind = TransientError if error.code in (429, 502, 503, 504) else UsageError
        raise kind("get.http", "{url}: {status} {text}", url=url, status=error.code, text=text) from None
    except URLError as error:
        raise TransientError("get.unreachable", "{url}: {reason}", url=url, reason=str(error.reason)) from error
