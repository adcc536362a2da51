"""Kernel modules come with what they need, in the order in which they load."""

import lzma
from pathlib import Path

import pytest

from riostat.core.errors import ImageError
from riostat.testbed.image.modules import KernelModules
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import PackageSet
from tests.testbed.image.elves import module
from tests.testbed.packages.debs import file, make_deb

_FOLDER = "./lib/modules/6.1.0-1-amd64"


@pytest.fixture
def modules(tmp_path: Path) -> KernelModules:
    files = {
        "kernel/drivers/net/net-front.ko": module({"depends": "ring,bus-one", "license": "GPL"}),
        "kernel/drivers/ring.ko": module({"depends": "", "license": "GPL"}),
        "kernel/drivers/bus-one.ko": module({"depends": "ring,inside"}),
        "kernel/fs/store.ko.xz": lzma.compress(module({"softdep": "pre: sum platform: post: z"})),
        "kernel/crypto/sum_generic.ko": module({"alias": "sum", "depends": "ring"}),
        "kernel/fs/loop-a.ko": module({"depends": "loop_b"}),
        "kernel/fs/loop-b.ko": module({"depends": "loop_a"}),
        "kernel/fs/broken.ko": b"\x7fELF" + bytes(20),
        "kernel/fs/cut.ko.xz": lzma.compress(module({}))[:-8],
        "kernel/fs/lacks.ko": module({"depends": "gone"}),
        "modules.builtin": b"kernel/lib/inside.ko\n",
    }
    source = tmp_path / "source"
    source.mkdir()
    members = [file(f"{_FOLDER}/{path}", content) for path, content in files.items()]
    make_deb(source, "linux", members)
    tree = PackageCache(tmp_path / "cache", source=source).tree(PackageSet("k", ("linux",)))
    return KernelModules(tree)


def test_what_is_needed_comes_first_and_once(modules: KernelModules) -> None:
    found = modules.closure(["net-front", "inside", "ring", "net_front"])
    assert [name for name, _ in found] == ["ring", "bus_one", "net_front"]
    assert modules.release == "6.1.0-1-amd64"


def test_soft_dependencies_are_found_by_alias_and_may_be_missing(modules: KernelModules) -> None:
    found = modules.closure(["store"])
    assert [name for name, _ in found] == ["ring", "sum_generic", "store"]
    assert found[-1][1].startswith(b"\x7fELF")


def test_modules_that_need_one_another_end(modules: KernelModules) -> None:
    assert {name for name, _ in modules.closure(["loop-a"])} == {"loop_a", "loop_b"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nvme\n", r"The kernel 6\.1\.0-1-amd64 has no module 'nvme\\\\x0a'; correct the name"),
        ("lacks", "has no module 'gone'"),
        ("broken", "broken is a damaged kernel module"),
        ("cut", r"cut\.ko\.xz (is damaged|has more than)"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(
    modules: KernelModules, name: str, words: str
) -> None:
    with pytest.raises(ImageError, match=words):
        modules.closure([name])
