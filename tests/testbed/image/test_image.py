"""Images of the user's own packages, as guests are started with."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import ImageError, PackageError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.machine import start_machine
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import IPERF
from tests.testbed.packages.debs import file, make_deb

_QEMU = (
    "qemu-system-x86_64", "-machine", "q35,smm=off,hpet=off,usb=off,sata=off,vmport=off,i8042=off",
    "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "192", "-nodefaults", "-no-user-config",
    "-display", "none", "-no-reboot",
)  # fmt: skip
_MAKE = """
import hashlib, sys
from pathlib import Path
from riostat.testbed.folders import CacheFolder
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache
image = make_image(
    ImageSpecification(programs=(("/bin/sh", "/bin/dash"),), files={"a": b"#!", "b": b"b"}),
    CacheFolder(Path(sys.argv[2])),
    packages=PackageCache(Path(sys.argv[1])),
)
print(image.key, hashlib.sha256(image.initramfs.read_bytes()).hexdigest())
"""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_unknown_kernel_is_refused_before_anything_is_downloaded(tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path / "cache")
    with pytest.raises(ImageError, match=r"No kernel is called '2\.4'; choose 6\.1-cloud, 6\.12"):
        make_image(ImageSpecification(kernel="2.4"), cache, packages=PackageCache(cache.packages))
    assert not cache.root.exists()


@pytest.mark.guest
def test_two_processes_make_the_same_bytes_in_different_folders(
    tmp_path: Path, guest_packages: PackageCache
) -> None:
    said = []
    for place, seed in (("one", "1"), ("another/folder", "2")):
        (tmp_path / place).mkdir(parents=True)
        command = [sys.executable, "-c", _MAKE, str(guest_packages.folder), str(tmp_path / place)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        made = subprocess.run(
            command, env=environment, cwd=tmp_path / place, capture_output=True, check=True
        )
        said.append(made.stdout)
    assert said[0] == said[1]


@pytest.mark.guest
def test_an_image_is_made_once_and_again_when_it_is_damaged_or_other(
    tmp_path: Path, guest_packages: PackageCache
) -> None:
    cache = CacheFolder(tmp_path)
    wanted = ImageSpecification(python=False, files={"etc/a": b"1"})
    image = make_image(wanted, cache, packages=guest_packages)
    digest, stamp = _sha256(image.initramfs), image.initramfs.stat().st_ino
    again = make_image(wanted, cache, packages=guest_packages)
    assert (again.key, again.initramfs.stat().st_ino) == (image.key, stamp)
    for damaged in (image.initramfs, image.kernel):
        content = damaged.read_bytes()
        damaged.write_bytes(content[: len(content) // 2])
        mended = make_image(wanted, cache, packages=guest_packages)
        assert _sha256(mended.initramfs) == digest
        assert damaged.read_bytes() == content
    others = (
        ImageSpecification(python=False, files={"etc/a": b"2"}),
        ImageSpecification(python=False, files={"etc/b": b"1"}),
        ImageSpecification(python=False, files={"etc/a": b"1"}, modules=()),
        ImageSpecification(python=False, files={"etc/a": b"1"}, programs=(("/bin/sh", "/sh"),)),
    )
    keys = {make_image(other, cache, packages=guest_packages).key for other in others}
    assert len(keys | {image.key}) == 5


@pytest.mark.guest
def test_images_that_were_not_used_for_long_are_removed(
    tmp_path: Path, guest_packages: PackageCache
) -> None:
    cache = CacheFolder(tmp_path)

    def make(number: int) -> Path:
        wanted = ImageSpecification(python=False, files={"number": b"%d" % number})
        return make_image(wanted, cache, packages=guest_packages).initramfs

    made = [make(number) for number in range(24)]
    make(0)
    newest = make(24)
    there = set(tmp_path.glob("images/initramfs-*"))
    assert there == {*made, newest} - {made[1]}


@pytest.mark.guest
def test_what_cannot_be_inside_leaves_nothing(tmp_path: Path, guest_packages: PackageCache) -> None:
    bad = (
        ({"modules": ("nothing",)}, "has no module 'nothing'"),
        ({"programs": (("usr/bin/nothing", ""),)}, "has a file 'usr/bin/nothing'"),
        ({"programs": (("/nonexistent", "/a"),)}, "cannot be put into an image"),
        ({"files": {"../a": b""}}, "is no path"),
        ({"files": {"init/a": b""}}, "is no folder there"),
    )
    for fields, words in bad:
        wanted = ImageSpecification(python=False, **fields)
        with pytest.raises(ImageError, match=words):
            make_image(wanted, CacheFolder(tmp_path), packages=guest_packages)
    assert not list(tmp_path.glob("images/initramfs-*"))
    assert not list(tmp_path.glob("images/making-*"))


@pytest.mark.guest
@pytest.mark.parametrize("kernel", ["6.1-cloud", "6.12-cloud"])
def test_a_guest_boots_and_has_what_was_put_in(guest_packages: PackageCache, kernel: str) -> None:
    wanted = ImageSpecification(
        kernel=kernel,
        packages=(IPERF,),
        programs=(("usr/bin/iperf3", ""), ("/usr/bin/env", "/usr/bin/env")),
        files={"etc/motto": b"dear guest\n", "usr/bin/say": b"#!/bin/sh\ncat /etc/motto\n"},
    )
    cache = CacheFolder(guest_packages.folder.parent)
    image = make_image(wanted, cache, packages=guest_packages)
    boot = ("-kernel", str(image.kernel), "-initrd", str(image.initramfs), "-append")
    line = "console=ttyS0 quiet panic=-1 riostat.ip=192.0.2.1/24@eth0"
    device = ("-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n,romfile=")
    with start_machine([*_QEMU, *boot, line, *device]) as machine:
        machine.channel.greet(60)
        done = machine.channel.run(
            "set -e; uname -r; say; iperf3 --version; env A=1 sh -c 'echo A=$A'; ls -l /etc/motto;"
            "ip -4 address show eth0; python3 -S -c 'import ctypes, lzma; print(7)'",
            timeout_s=30,
        )
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode()
    assert said.startswith(f"{kernel.partition('-')[0]}.")
    for words in ("dear guest", "iperf 3.12", "A=1", "-rw-r--r--", "192.0.2.1/24", "\n7\n"):
        assert words in said


def test_packages_of_a_folder_that_lack_what_they_are_for_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    make_deb(source, "linux-image-6.1.0-1-cloud-amd64", [file("./boot/readme", b"none")])
    make_deb(source, "busybox-static", [file("./bin/busybox", b"#!", 0o755)])
    cache = CacheFolder(tmp_path / "cache")
    with pytest.raises(PackageError, match=r"have 0 files 'boot/vmlinuz-\*', and must have one"):
        make_image(
            ImageSpecification(python=False),
            cache,
            packages=PackageCache(cache.packages, source=source),
        )
    assert not list(cache.images.glob("[iv]*"))
