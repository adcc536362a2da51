"""Small stores on directories of a test."""

import os
from pathlib import Path

from riostat.core.errors import ObjectNotFoundError
from riostat.store.disks import SLOTS_FILE, DirectoryDisk
from riostat.store.layouts import Place
from riostat.store.slots import SLOT_HEADER_BYTES, SLOTS_OFFSET, slot_offset
from riostat.store.specification import DiskSpecification
from riostat.store.store import Store

BLOCK = 64 << 10
SLOT = BLOCK + SLOT_HEADER_BYTES


def specification(path: Path, *, slots: int = 40, bandwidth_bps: int = 0) -> DiskSpecification:
    return DiskSpecification(
        path, capacity_bytes=SLOTS_OFFSET + slots * SLOT, bandwidth_bps=bandwidth_bps
    )


def new_store(
    tmp_path: Path, *, disks: int = 3, slots: int = 40, replication: float = 1.0
) -> Store:
    """Make a store of equal disks d0, d1, ... with blocks of 64 KiB."""
    return Store.create(
        tmp_path / "root",
        [specification(tmp_path / f"d{n}", slots=slots) for n in range(disks)],
        block_bytes=BLOCK,
        replication=replication,
        seed=1,
    )


def put(store: Store, key: str, data: bytes, *, bucket: str = "bucket") -> None:
    with store.put(bucket, key) as upload:
        upload.write(data)
        upload.commit()


def get(store: Store, key: str, *, bucket: str = "bucket") -> bytes:
    return b"".join(store.read(store.stat(bucket, key)))


def damage(path: Path, place: Place, *, at: int = SLOT_HEADER_BYTES + 7) -> None:
    """Change a byte of a slot on a disk of a closed store: by default one of the block's."""
    with (path / SLOTS_FILE).open("r+b") as file:
        file.seek(slot_offset(place.slot, BLOCK) + at)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0x55]))
        file.flush()
        os.fsync(file.fileno())


def copies(store: Store, key: str, index: int = 0) -> tuple[Place, ...]:
    """Return where the copies of a block of an object lie."""
    version = store.stat("bucket", key)
    layouts = store._catalogue.layouts(version.version)
    assert layouts is not None
    return store._reader.places(version, layouts, index)[0]


def break_disk(store: Store, number: int) -> None:
    """Have every request to a disk of an open store fail from now on."""
    member = next(m for m in store._disks if m.record.number == number)
    assert isinstance(member.disk, DirectoryDisk)
    ends = os.pipe()
    os.dup2(ends[0], member.disk._descriptor)
    for end in ends:
        os.close(end)


def contents(store: Store) -> dict[tuple[str, str], bytes]:
    """Return everything that a caller can see, read to the last byte."""
    found = {}
    for bucket in store.buckets():
        found["", bucket.name] = b""
        for listed in store.list(bucket.name).objects:
            version = store.stat(bucket.name, listed.key)
            found[bucket.name, listed.key] = b"".join(store.read(version))
            assert len(found[bucket.name, listed.key]) == version.size
    return found


def is_gone(store: Store, bucket: str, key: str) -> bool:
    try:
        store.stat(bucket, key)
    except ObjectNotFoundError:
        return True
    return False


def eight_objects(tmp_path: Path) -> dict[tuple[str, str], bytes]:
    """Make a store with objects of no block up to several, close it, and return them."""
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        for number in range(8):
            put(store, f"key{number}", bytes([number]) * (number * BLOCK // 2))
        return contents(store)
