"""A virtual tar of many small files through HTTP, beside nginx that sends one plain file of the same bytes."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from bench.record import Report, timed
from bench.serve import served
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.installation import connect, create
from tianku.usecases.publish import publish

_FILE_BYTES, _PER_FOLDER = 46_000, 250
_BARS = {"packed": 0.6, "loose": 0.6}
_STORES = {"packed": "pack-copy", "loose": "in-place"}
_DATASET = """\
dataset: {name}/v1
title: Small files
simulated: true
products:
  files: {{type: other, from: "{source}/**/*.bin", key: "{{stem}}", store: {store}}}
"""
_NGINX = """\
{user} daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}/plain; }} }}
"""
_PORT = 18_471


def measure(report: Report, folder: Path, files: int) -> None:
    """Measure the same members from shards and from loose files."""
    if shutil.which("nginx") is None:
        print("nginx is not installed: archives are not measured")
        return
    folder.mkdir(parents=True, exist_ok=True)
    root = _prepare(folder, files)
    (folder / "plain").mkdir(exist_ok=True)
    with served(root) as (address, _), _nginx(folder):
        for kind in _STORES:
            place = _choose(address, f"{kind}/v1/files")
            size = _fetch(address, f"{place}.tar", folder / "plain" / f"{kind}.tar")
            ours = [size / 1e6 / s for s in timed(partial(_fetch, address, f"{place}.tar"))]
            plain = [size / 1e6 / s for s in timed(partial(_fetch, f"127.0.0.1:{_PORT}", f"/{kind}.tar"))]
            report.add(f"virtual tar, {kind} files", files, "MB/s", ours, "nginx, one file", plain, _BARS[kind])


def _prepare(folder: Path, files: int) -> Path:
    source, root = folder / f"small-{files}", folder / "archives"
    rng = np.random.default_rng(46)
    for number in range(files):
        path = source / f"{number // _PER_FOLDER:05d}" / f"s-{number:08d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(rng.bytes(_FILE_BYTES))
    if not (root / "site.yaml").exists():
        create(root, authority="bench.example", title="Bench")
    connect(root)
    for kind, store in _STORES.items():
        collection = root / "collections" / kind
        collection.mkdir(parents=True, exist_ok=True)
        (collection / "collection.yaml").write_text(f"collection: {kind}\ntitle: Files\n", "utf-8")
        text = _DATASET.format(name=kind, source=source.resolve(), store=store)
        (collection / "v1").mkdir(exist_ok=True)
        (collection / "v1" / "dataset.yaml").write_text(text, "utf-8")
        began = time.perf_counter()
        publish(root, f"{kind}/v1", ingest_dataset(root, f"{kind}/v1").revision)
        print(f"{kind}: {files / (time.perf_counter() - began):.0f} files/s ingested", flush=True)
    return root


def _choose(address: str, files: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=120)
    connection.request("POST", "/download", json.dumps({"set": files}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 201, text
    return str(answer.headers["Location"])


def _fetch(address: str, path: str, target: Path | None = None) -> int:
    """Return how many bytes came; keep them in `target`."""
    connection = http.client.HTTPConnection(address, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    size, buffer = 0, bytearray(1 << 20)
    file = target.open("wb") if target is not None else None
    while count := answer.readinto(buffer):
        size += count
        if file is not None:
            file.write(memoryview(buffer)[:count])
    if file is not None:
        file.close()
    connection.close()
    return size


@contextmanager
def _nginx(folder: Path) -> Iterator[None]:
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else it may not enter a private temporary folder
    config.write_text(_NGINX.format(user=user, folder=folder.resolve(), port=_PORT), "utf-8")
    process = subprocess.Popen(["nginx", "-c", str(config.resolve())])
    try:
        deadline = time.monotonic() + 10
        while not (folder / "nginx.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(10)
