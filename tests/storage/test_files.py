"""Durable writes: all or nothing, also on a full disk and when the process is killed."""

import hashlib
import io
import os
import shutil
import subprocess
import sys

import pytest

from tianku.model.errors import TransientError
from tianku.storage.files import atomic_write, copy_hashed, fsync_tree, require_room, sha256_file


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB; skipped where mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_write_appears_complete(tmp_path):
    path = tmp_path / "a.bin"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


def test_full_disk_is_named_and_leaves_nothing(small_disk):
    (small_disk / "old").write_bytes(b"old")
    with pytest.raises(TransientError) as caught, atomic_write(small_disk / "big") as file:
        file.write(bytes(2 << 20))
    assert caught.value.code == "storage.full"
    assert os.listdir(small_disk) == ["old"]


def test_reserve_is_kept(tmp_path):
    def usage(path):
        return shutil._ntuple_diskusage(total=1000_000_000, used=900_000_000, free=100_000_000)

    require_room(tmp_path, 10_000_000, usage=usage)
    with pytest.raises(TransientError, match="100 MB free, 110 MB are required") as caught:
        require_room(tmp_path, 60_000_000, usage=usage)
    assert caught.value.params["percent"] == 5


def test_copy_hashes_what_it_copies(tmp_path):
    data = os.urandom(3 << 20)
    target = io.BytesIO()
    assert copy_hashed(io.BytesIO(data), target) == (len(data), hashlib.sha256(data).hexdigest())
    assert target.getvalue() == data
    assert copy_hashed(io.BytesIO(data), io.BytesIO(), limit=5)[0] == 5
    (tmp_path / "f").write_bytes(data)
    fsync_tree(tmp_path)
    assert sha256_file(tmp_path / "f") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("named", "code"), [("here", 137), ("elsewhere", 0)])
def test_failpoint_kills_only_where_named(named, code):
    program = "from tianku.storage.failpoints import failpoint; failpoint('here')"
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TIANKU_FAILPOINT": named})
    assert done.returncode == code
