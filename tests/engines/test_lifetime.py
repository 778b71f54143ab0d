"""What a query leaves behind, whatever way it ends: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
import sqlglot

from tianku.engines.base import Cancellation, EngineQuery, Limits, Relation
from tianku.engines.child import ChildEngine
from tianku.engines.duckdb import DuckDBEngine
from tianku.model.errors import TransientError, UsageError

LONG = "SELECT a.id, b.ra FROM stars AS a, stars AS b"
COUNT = "SELECT COUNT(*) AS n FROM stars"


def wait_for(condition, seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def value(engine, query: EngineQuery) -> object:
    with engine.run(query) as result:
        return pa.Table.from_batches(list(result), result.schema).column(0)[0].as_py()


def test_closing_early_frees_everything_at_once(engine, parse) -> None:
    value(engine, parse(COUNT))  # starts the threads and children that an engine keeps
    threads = threading.active_count()
    for _ in range(3):
        with engine.run(parse(LONG, seconds=60)) as result:
            next(iter(result))
            started = time.monotonic()
        assert time.monotonic() - started < 1
    assert engine.active() == 0
    assert threading.active_count() <= threads + 1  # the watchdog of the first time limit
    assert value(engine, parse(COUNT)) == 200_000


def test_an_abandoned_iterator_frees_everything(engine, parse) -> None:
    batches = iter(engine.run(parse(LONG)))
    next(batches)
    del batches
    assert engine.active() == 0


def test_closing_from_another_thread_stops_the_reader(engine, parse) -> None:
    result = engine.run(parse(LONG))
    closer = threading.Timer(0.1, result.close)
    closer.start()
    with pytest.raises(Exception, match="cancelled"):
        for _ in result:
            pass
    closer.join()
    assert engine.active() == 0


def test_many_at_once_do_not_mix(engine, parse) -> None:
    def ask(number: int) -> object:
        return value(engine, parse(f"SELECT SUM(id) + {number} AS x FROM stars WHERE id < 100"))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(12))) == [4950 + number for number in range(12)]


def test_no_place_is_said_and_can_be_retried(stars, tmp_path: Path) -> None:
    engine = DuckDBEngine(
        [stars], threads=1, memory_bytes=1 << 27, temp_dir=tmp_path, cursors=1, wait_seconds=0.05
    )
    query = EngineQuery(sqlglot.parse_one(LONG), {"stars": stars})
    with engine.run(query):
        with pytest.raises(TransientError) as caught:
            engine.run(query)
        assert caught.value.code == "engine.busy"
        assert caught.value.retry_after > 0
    engine.run(query).close()
    engine.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["duckdb", "child"])
def test_who_waits_for_a_place_and_leaves_is_gone_at_once(stars, tmp_path: Path, kind: str) -> None:
    shared = {"threads": 1, "memory_bytes": 1 << 28, "temp_dir": tmp_path, "wait_seconds": 60}
    engine = DuckDBEngine([stars], cursors=1, **shared) if kind == "duckdb" else ChildEngine(children=1, **shared)
    query, leaving = EngineQuery(sqlglot.parse_one(LONG), {"stars": stars}), Cancellation()
    with engine.run(query), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(engine.run, query, leaving)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        leaving.cancel()
        with pytest.raises(UsageError, match="cancelled"):
            waiting.result(1)
        assert engine.active() == 1
    engine.run(query).close()
    engine.close()


def test_replacing_relations_leaves_a_running_stream_alone(stars, tmp_path: Path) -> None:
    engine = DuckDBEngine([stars], threads=2, memory_bytes=1 << 28, temp_dir=tmp_path)
    newer = Relation("test_dr1.stars@2", stars.schema, stars.files[:1])
    sql = "SELECT a.id FROM stars AS a, (SELECT id FROM stars LIMIT 50) AS b"
    query = EngineQuery(sqlglot.parse_one(sql), {"stars": stars})
    with engine.run(query) as old:
        batches = iter(old)
        seen = next(batches).num_rows
        engine.replace([newer])
        assert value(engine, EngineQuery(sqlglot.parse_one(COUNT), {"stars": newer})) == 100_000
        seen += sum(batch.num_rows for batch in batches)
    assert seen == 50 * 200_000
    # the spill folder of the old instance went with its last query
    assert len(list(tmp_path.glob("*/*"))) == 1
    # a query that pinned the old snapshot still gets it
    assert value(engine, EngineQuery(sqlglot.parse_one(COUNT), {"stars": stars})) == 200_000
    assert len(list(tmp_path.glob("*/*"))) == 1
    engine.close()


def test_an_unusable_serving_copy_is_only_a_cache(stars, tmp_path: Path, caplog) -> None:
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    relation = Relation("test_dr1.broken@1", stars.schema, stars.files, str(broken))
    query = EngineQuery(sqlglot.parse_one(COUNT), {"stars": relation})
    settings = {"threads": 1, "memory_bytes": 1 << 28, "temp_dir": tmp_path / "temp"}
    for engine in (DuckDBEngine([relation], **settings), ChildEngine(**settings, warm=False)):
        assert value(engine, query) == 200_000
        engine.close()
    assert "broken.duckdb" in caplog.text


def test_children_end_with_their_query_or_wait_for_the_next(stars, tmp_path: Path) -> None:
    engine = ChildEngine(threads=1, memory_bytes=1 << 28, temp_dir=tmp_path, children=2)
    query = EngineQuery(sqlglot.parse_one(LONG), {"stars": stars}, Limits(seconds=60))
    with engine.run(query):
        assert engine.children() == 2  # the query's, and a warm one
        assert list(tmp_path.iterdir())
    assert engine.children() == 1
    assert list(tmp_path.iterdir()) == []
    assert value(engine, EngineQuery(sqlglot.parse_one(COUNT), {"stars": stars})) == 200_000
    assert engine.children() <= 2
    engine.close()
    assert engine.children() == 0


def test_a_child_killed_for_memory_is_the_querys_fault_not_ours(stars, tmp_path: Path) -> None:
    engine = ChildEngine(threads=1, memory_bytes=1 << 28, temp_dir=tmp_path, warm=False)
    others = set(_children_of(os.getpid()))
    result = engine.run(EngineQuery(sqlglot.parse_one(LONG), {"stars": stars}))
    next(batches := iter(result))
    (pid,) = set(_children_of(os.getpid())) - others
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Exception, match="memory") as caught:
        for _ in batches:
            pass
    assert getattr(caught.value, "code", "") == "query.memory"
    engine.close()


PARENT = """
import signal, sys, sqlglot, pyarrow as pa
from pathlib import Path
from tianku.engines.base import EngineQuery, Relation
from tianku.engines.child import ChildEngine
numbers = Relation("n", pa.schema([("i", pa.int64())]), table=pa.table({"i": list(range(100000))}))
if __name__ == "__main__":
    engine = ChildEngine(threads=1, memory_bytes=1 << 28, temp_dir=Path(sys.argv[1]), warm=False)
    tree = sqlglot.parse_one("SELECT a.i FROM n AS a, n AS b")
    result = engine.run(EngineQuery(tree, {"n": numbers}))
    batches = iter(result)
    next(batches)
    print("ready", flush=True)
    signal.pause()
"""


def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    spill = tmp_path / "spill"
    parent = subprocess.Popen([sys.executable, str(script), str(spill)], stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
    (child,) = _children_of(parent.pid)
    assert list(spill.iterdir())
    parent.kill()
    parent.communicate()
    assert wait_for(lambda: not _runs(child) and not list(spill.iterdir()))


def _children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue  # it ended meanwhile
        if int(text.rsplit(")", 1)[1].split()[1]) == pid and "query_child" in command:
            found.append(int(status.parent.name))
    return found


def _runs(pid: int) -> bool:
    """False for a zombie as well: when the orphan is reaped is up to the init process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
