"""A crash at any moment: what was acknowledged is whole, nothing is half there, nothing returns."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from riostat.store.disks import SLOTS_FILE
from riostat.store.store import Store
from tests.store.crashes import Journal, lay_out
from tests.store.stores import BLOCK, contents, new_store, put

State = dict[tuple[str, str], bytes]


def overwrite(store: Store, state: State, key: str, data: bytes) -> None:
    put(store, key, data)
    state["bucket", key] = data


def delete(store: Store, state: State, key: str) -> None:
    store.delete("bucket", key)
    del state["bucket", key]


def new_bucket(store: Store, state: State, name: str) -> None:
    store.create_bucket(name)
    state["", name] = b""


def no_bucket(store: Store, state: State, name: str) -> None:
    store.delete_bucket(name)
    del state["", name]


def workload(chance: random.Random) -> list[Callable[[Store, State], None]]:
    """A short life: objects of several blocks and of less than one, overwritten and deleted."""

    def content(length: int) -> bytes:
        return chance.randbytes(length)

    long, other, short = content(3 * BLOCK + 100), content(2 * BLOCK), content(999)
    return [
        lambda store, state: new_bucket(store, state, "bucket"),
        lambda store, state: overwrite(store, state, "long", long),
        lambda store, state: overwrite(store, state, "short", short),
        lambda store, state: overwrite(store, state, "long", other),
        lambda store, state: delete(store, state, "short"),
        lambda store, state: new_bucket(store, state, "brief"),
        lambda store, state: overwrite(store, state, "short", short[:10]),
        lambda store, state: delete(store, state, "long"),
        lambda store, state: no_bucket(store, state, "brief"),
        lambda store, state: overwrite(store, state, "long", long[:-1]),
        lambda store, state: overwrite(store, state, "short", b""),
        lambda store, state: delete(store, state, "long"),
    ]


def record(tmp_path: Path, chance: random.Random) -> tuple[Journal, list[State]]:
    """Run the workload; returns what was written and the states between the operations."""
    new_store(tmp_path, slots=12).close()
    root, disks = tmp_path / "root", [tmp_path / f"d{n}" for n in range(3)]
    journal = Journal(root, {path: (path / SLOTS_FILE).read_bytes() for path in disks})
    states: list[State] = [{}]
    with Store.open(root, open_disk=journal.open_disk) as store:
        journal.watch(store)
        journal.answered = -1
        journal.answer()
        for operation in workload(chance):
            state = dict(states[-1])
            operation(store, state)
            states.append(state)
            journal.answer()
    return journal, states


def check_crash(
    journal: Journal, states: list[State], at: int, seed: int, *, database: bool
) -> None:
    where = f"seed {seed}, moment {at} of {len(journal.moments)}, metadata kept: {database}"
    lay_out(journal, at, random.Random(seed), database=database)
    with Store.open(journal.root) as store:
        found = contents(store)
        lost = store.scrub().lost
        assert (store.rebuilt is None) == database, where
    answered = journal.moments[at].answered
    assert found in states[answered : answered + 2], where
    assert lost == 0, where
    # What the store has said since must hold when the metadata is lost later.
    for left in journal.root.glob("metadata.sqlite*"):
        left.unlink()
    with Store.open(journal.root) as store:
        assert contents(store) == found, where
        free = sum(disk.capacity_bytes - disk.used_bytes for disk in store.status().disks)
        slots = sum(disk.capacity_bytes for disk in store.status().disks) // BLOCK
        in_use = store.scrub().blocks
        assert slots - free // BLOCK == in_use, where


@pytest.mark.parametrize("database", [True, False])
def test_crashes(tmp_path: Path, *, database: bool) -> None:
    seed = 7
    journal, states = record(tmp_path, random.Random(seed))
    chance = random.Random(seed)
    for at in sorted(chance.sample(range(len(journal.moments)), 60)):
        check_crash(journal, states, at, chance.randrange(1 << 32), database=database)


@pytest.mark.soak
@pytest.mark.parametrize("database", [True, False])
def test_crashes_at_every_moment(tmp_path: Path, *, database: bool) -> None:
    chance = random.Random()
    journal, states = record(tmp_path, chance)
    for at in range(len(journal.moments)):
        for _ in range(40):
            check_crash(journal, states, at, chance.randrange(1 << 32), database=database)
