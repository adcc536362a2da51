"""Unequal disks where cgroups are of version 2: in a guest whose kernel has no other."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import riostat
from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.machine import Machine, start_machine
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import GUEST_MODULES, ImageSpecification
from riostat.testbed.packages.cache import PackageCache
from tests.testbed.test_disks import RACE

QEMU = "qemu-system-x86_64"
MKFS = shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin")
PARTS = ("__init__.py", "core/__init__.py", "core/closing.py", "core/errors.py", "core/text.py")
CODE = "/code/riostat"

pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(
        shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
    ),
    pytest.mark.skipif(MKFS is None, reason="mkfs.ext4 is missing; install e2fsprogs"),
]

_IN_GUEST = f"""
import json, os, sys
from pathlib import Path
from riostat.testbed.cgroups import throttling_root
from riostat.testbed.disks import UnequalDisks
from riostat.testbed.mounts import mounts
with UnequalDisks([5, 50], size_bytes=24 << 20) as disks:
    for path in disks.paths:
        (path / "file").write_bytes(bytes(32 << 18))
    os.sync()
    ran = disks.run(sys.executable, "-c", {RACE!r}, "read", *map(str, disks.paths), timeout_s=100)
    root, version = throttling_root()
    bounds = [(path / "io.max").read_text() for path in root.glob("riostat-*")]
left = [str(found.folder) for found in mounts() if "disk" in str(found.folder)]
left += [str(path) for path in (*root.glob("riostat-*"), *Path("/var/tmp").iterdir())]
print(json.dumps([version, bounds, left, ran.stdout, ran.stderr]))
"""


@pytest.fixture
def guest() -> Iterator[Machine]:
    source = Path(riostat.__file__).parent
    files = [source / part for part in PARTS]
    files += [*source.glob("testbed/*.py"), *source.glob("testbed/network/*.py")]
    code = {f"{CODE}/{file.relative_to(source)}": file.read_bytes() for file in files}
    cache = CacheFolder(process_settings({}).testbed)
    image = make_image(
        ImageSpecification(
            modules=(*GUEST_MODULES, "loop", "ext4"),
            programs=((str(MKFS), "/usr/sbin/mkfs.ext4"),),
            files=code,
        ),
        cache,
        packages=PackageCache(cache.packages),
    )
    command = [
        *(QEMU, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "320"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-kernel", str(image.kernel)),
        *("-initrd", str(image.initramfs), "-append", "console=ttyS0 quiet"),
    ]
    with start_machine(command) as machine:
        machine.channel.greet(60)
        yield machine


def test_io_max_makes_one_disk_slower_than_another(guest: Machine) -> None:
    guest.channel.put(_IN_GUEST.encode(), "/tmp/program.py")
    done = guest.channel.run(
        "mkdir -p /var/tmp; XDG_RUNTIME_DIR=/tmp PYTHONPATH=/code python3 /tmp/program.py",
        timeout_s=110,
    )
    assert done.returncode == 0, done.stderr
    version, bounds, left, said, errors = json.loads(done.stdout)
    assert version == 2
    lines = [line.split() for text in bounds for line in text.splitlines()]
    assert sorted(line[1] for line in lines) == ["rbps=5000000", "rbps=50000000"]
    assert sorted(line[2] for line in lines) == ["wbps=5000000", "wbps=50000000"]
    assert left == []
    assert errors == ""
    slow, fast = json.loads(said)
    assert fast >= 2 * slow  # ten times as fast, on a processor that is emulated
