"""SIGKILL at random points of a loop of puts and deletes: what was answered is so."""

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from riostat.store.store import Store
from tests.store.stores import BLOCK, contents, new_store

# Forks a process for each life, so that Python and its imports are started once.
_LIVES = """
import os, sys
from pathlib import Path
from tests.store.test_kills import live
for line in sys.stdin:
    seed = int(line)
    child = os.fork()
    if not child:
        live(Path(sys.argv[1]), seed)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""

KEYS = [f"key{number}" for number in range(5)]


def operations(seed: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield what to put under a key, or None to delete it, without an end."""
    chance = random.Random(seed)
    while True:
        key = chance.choice(KEYS)
        if chance.random() < 0.3:
            yield key, None
        else:
            yield key, chance.randbytes(chance.choice([0, 100, BLOCK, 4 * BLOCK + 1]))


def live(root: Path, seed: int) -> None:
    """Put and delete until somebody kills this process; says on standard output what is done."""
    with Store.open(root) as store:
        os.write(1, f"born {os.getpid()}\n".encode())
        for key, data in operations(seed):
            if data is None:
                store.delete("bucket", key)
            else:
                with store.put("bucket", key) as upload:
                    upload.write(data)
                    upload.commit()
            os.write(1, b"done\n")


@contextmanager
def lives(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", _LIVES, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def done_before_death(process: subprocess.Popen[bytes], seed: int, chance: random.Random) -> int:
    """Let one life begin, kill it somewhere, and return how many of its operations were done."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{seed}\n".encode())
    pid = int(line(process.stdout).split()[1])
    wanted = chance.randrange(6)
    done = 0
    while done < wanted:
        assert line(process.stdout) == "done"
        done += 1
    # Somewhere in the next operation, or between two of them.
    select.select([process.stdout], [], [], chance.random() * 0.004)
    os.kill(pid, signal.SIGKILL)
    while (said := line(process.stdout)) != "dead":
        assert said == "done"
        done += 1
    return done


def line(stream: IO[bytes]) -> str:
    said = stream.readline()
    assert said, "the process has ended"
    return said.decode().strip()


def test_kills(tmp_path: Path) -> None:
    seed = 3
    chance = random.Random(seed)
    with new_store(tmp_path, slots=60) as store:
        store.create_bucket("bucket")
    state: dict[str, bytes] = {}
    with lives(tmp_path / "root") as process:
        for turn in range(50):
            life = chance.randrange(1 << 32)
            done = done_before_death(process, life, chance)
            ahead = operations(life)
            for _ in range(done):
                apply(state, *next(ahead))
            begun = dict(state)
            apply(begun, *next(ahead))
            where = f"seed {seed}, turn {turn}, life {life}, {done} done"
            if chance.random() < 0.3:
                (tmp_path / "root" / "metadata.sqlite").unlink()
            with Store.open(tmp_path / "root") as store:
                found = {key: data for (_, key), data in contents(store).items() if data or key}
                found.pop("bucket")
                assert found in (state, begun), where
                used = sum(disk.used_bytes for disk in store.status().disks)
                report = store.scrub()
                assert (report.corrupt, report.lost) == (0, 0), where
                assert used == report.blocks * BLOCK, where
            state = found


def apply(state: dict[str, bytes], key: str, data: bytes | None) -> None:
    if data is None:
        state.pop(key, None)
    else:
        state[key] = data
