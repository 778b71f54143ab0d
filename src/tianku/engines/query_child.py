"""The program of a query child: one query in its own process, its rows down a pipe.

Started as ``python -m tianku.engines.query_child STATUS_FD`` and kept waiting until a request
comes down standard input: a length, a JSON header, then one Arrow IPC stream per upload. Rows
go to standard output as an Arrow IPC stream, the outcome as JSON to the status descriptor.
Standard input stays open as long as the parent wants the answer: its end ends the child.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import struct
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from tianku.engines.instance import BATCH_ROWS, Settings, Source, open_instance

NICENESS = 10
HEADER = struct.Struct("<q")


def main() -> None:
    """Serve one request and end."""
    os.nice(NICENESS)
    _die_first_when_memory_ends()
    status = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    head = source.read(HEADER.size)
    if len(head) < HEADER.size:
        return
    request = json.loads(source.read(HEADER.unpack(head)[0]))
    uploads = {name: pa.ipc.open_stream(source).read_all() for name in request["uploads"]}
    threading.Thread(target=_end_with_parent, args=(request["settings"]["temp_dir"],), daemon=True).start()
    json.dump(_answer(request, uploads, sink), status)
    status.close()


def _answer(request: dict[str, Any], uploads: dict[str, pa.Table], sink: BinaryIO) -> dict[str, Any]:
    try:
        _stream(request, uploads, sink)
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        return {"ok": False, "words": str(error)}
    return {"ok": True}


def _stream(request: dict[str, Any], uploads: dict[str, pa.Table], sink: BinaryIO) -> None:
    sources = [Source(s["uid"], s["serving"], tuple(s["files"])) for s in request["sources"]]
    instance = open_instance(Settings(**request["settings"]), sources)
    connection = instance.connection
    for name, table in uploads.items():
        connection.register(name, table)
    whole = all(source.uid in instance.attached for source in sources if source.serving is not None)
    reader = connection.sql(request["sql" if whole else "fallback"]).to_arrow_reader(BATCH_ROWS)
    # not closed on failure: an end-of-stream mark means that all rows were sent
    writer = pa.ipc.new_stream(sink, reader.schema)
    sink.flush()
    for batch in reader:
        writer.write_batch(batch)
        sink.flush()
    writer.close()
    sink.flush()


def _end_with_parent(temp_dir: str) -> None:
    """End at once when the parent closes the pipe or is gone, leaving no spill files."""
    parent = os.getppid()
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    while os.getppid() == parent and not poll.poll(1000):
        pass
    shutil.rmtree(temp_dir, ignore_errors=True)
    os._exit(1)


def _die_first_when_memory_ends() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    except OSError:  # not Linux, or not permitted: only a preference
        return


if __name__ == "__main__":
    main()
