"""The program of a query child: one query at a time in its own process, its rows down a pipe.

Started as ``python -m tianku.engines.query_child STATUS_FD`` and kept waiting until a request
comes down standard input: a length, a JSON header, then one Arrow IPC stream per upload. Rows
go to standard output as an Arrow IPC stream, the outcome as a line of JSON to the status
descriptor. A child that answered in full may be asked again. Standard input stays open as long
as the parent wants it: its end ends the child.
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

from tianku.engines.instance import BATCH_ROWS, Instance, Settings, Source, open_instance

NICENESS = 10
HEADER = struct.Struct("<q")


def main() -> None:
    """Serve requests one after the other until there are no more."""
    os.nice(NICENESS)
    _die_first_when_memory_ends()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    spill: list[str] = []
    kept = _Kept()
    threading.Thread(target=_end_with_parent, args=(spill,), daemon=True).start()
    while len(head := source.read(HEADER.size)) == HEADER.size:
        request = json.loads(source.read(HEADER.unpack(head)[0]))
        spill[:] = [request["settings"]["temp_dir"]]
        uploads = {name: pa.ipc.open_stream(source).read_all() for name in request["uploads"]}
        outcome = _answer(kept, request, uploads, sink)
        # the parent does this too, unless its own end is why the answer failed
        shutil.rmtree(spill[0], ignore_errors=True)
        _tell(int(sys.argv[1]), outcome)
        if not outcome["ok"]:  # the end of the pipe tells the parent that no more rows come
            os._exit(0)  # without a last flush into a pipe that may be gone


def _tell(descriptor: int, outcome: dict[str, Any]) -> None:
    try:
        os.write(descriptor, (json.dumps(outcome) + "\n").encode())
    except BrokenPipeError:
        os._exit(1)  # the parent is gone: nobody to tell


class _Kept:
    """The instance of the last request, used again when the next one asks for the same storage and quotas."""

    def __init__(self) -> None:
        self._key = ""
        self._instance: Instance | None = None

    def instance(self, request: dict[str, Any]) -> Instance:
        """Return an instance that reads what `request` names and nothing else."""
        key = json.dumps([request["sources"], request["settings"]], sort_keys=True)
        if self._instance is None or key != self._key:
            self.drop()
            sources = [Source(s["uid"], s["serving"], tuple(s["files"])) for s in request["sources"]]
            self._instance, self._key = open_instance(Settings(**request["settings"]), sources), key
        # its spill folder was removed after the last answer
        Path(request["settings"]["temp_dir"]).mkdir(parents=True, exist_ok=True)
        return self._instance

    def drop(self) -> None:
        """Close the instance."""
        if self._instance is not None:
            self._instance.close()
        self._instance = None


def _answer(kept: _Kept, request: dict[str, Any], uploads: dict[str, pa.Table], sink: BinaryIO) -> dict[str, Any]:
    try:
        _stream(kept.instance(request), request, uploads, sink)
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        return {"ok": False, "words": str(error)}
    finally:
        if uploads:
            kept.drop()  # nobody else's query may find them
    return {"ok": True}


def _stream(instance: Instance, request: dict[str, Any], uploads: dict[str, pa.Table], sink: BinaryIO) -> None:
    cursor = instance.connection.cursor()
    try:
        for name, table in uploads.items():
            cursor.register(name, table)
        whole = all(s["uid"] in instance.attached for s in request["sources"] if s["serving"] is not None)
        text = request["sql" if whole else "fallback"]
        _send(cursor.sql(text, params=request["parameters"] or None), sink)
    finally:
        cursor.close()


def _send(relation: duckdb.DuckDBPyRelation, sink: BinaryIO) -> None:
    reader = relation.to_arrow_reader(BATCH_ROWS)
    # not closed on failure: an end-of-stream mark means that all rows were sent
    writer = pa.ipc.new_stream(sink, reader.schema)
    sink.flush()
    for batch in reader:
        writer.write_batch(batch)
        sink.flush()
    writer.close()
    sink.flush()


def _end_with_parent(spill: list[str]) -> None:
    """End at once when the parent closes the pipe or is gone, leaving no spill files."""
    parent = os.getppid()
    poll = select.poll()
    poll.register(0, 0)  # only hang-ups: what arrives is the main thread's to read
    while os.getppid() == parent and not poll.poll(1000):
        pass
    for folder in spill:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _die_first_when_memory_ends() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    except OSError:  # not Linux, or not permitted: only a preference
        return


if __name__ == "__main__":
    main()
