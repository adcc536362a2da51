"""File systems that fill up: what is refused leaves nothing, and what was answered stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import os, sys
from pathlib import Path
from riostat.core.errors import StoreFullError
from riostat.store.store import Store
from tests.store.stores import BLOCK, get, new_store, put

place = Path(sys.argv[1])
with new_store(place, slots=1200) as store:
    store.create_bucket("bucket")
    put(store, "first", b"1" * 3 * BLOCK)
filler = place / "root" / "filler"
usage = os.statvfs(place / "root")
filler.write_bytes(bytes(usage.f_bavail * usage.f_bsize - (900 << 10)))
stored = ["first"]
with Store.open(place / "root") as store:
    try:
        for number in range(500):
            put(store, f"key{number}" + "x" * 900, b"1" * 3 * BLOCK)
            stored.append(f"key{number}" + "x" * 900)
    except StoreFullError as error:
        print(error)
    filler.unlink()
    put(store, "last", b"1" * 3 * BLOCK)
    stored.append("last")
with Store.open(place / "root") as store:
    assert sorted(o.key for o in store.list("bucket").objects) == sorted(stored)
    for key in stored:
        assert get(store, key) == b"1" * 3 * BLOCK
    used = sum(disk.used_bytes for disk in store.status().disks)
    report = store.scrub()
    assert (report.corrupt, report.lost, report.blocks * BLOCK) == (0, 0, used)
print(len(stored))
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_file_system_of_the_metadata(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    mount = 'mount -t tmpfs -o size=2m none "$1/root" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", mount, "-", str(tmp_path), sys.executable, _PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert done.returncode == 0, done.stderr
    sentence, count = done.stdout.splitlines()
    assert "is full; make room, nothing was changed." in sentence
    assert int(count) > 5
