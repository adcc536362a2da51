"""Packages are laid out in their folder, whatever they hold."""

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from riostat.core.errors import PackageError
from riostat.testbed.packages.unpack import lay_out
from tests.testbed.packages.debs import Member, device, file, folder, hard_link, link, make_deb


def _lay_out(tmp_path: Path, *members: Member) -> Path:
    root = tmp_path / "tree"
    root.mkdir(exist_ok=True)
    lay_out([make_deb(tmp_path, "tool", members)], root)
    return root


def test_files_folders_and_links_come_and_devices_do_not(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    deb = make_deb(
        tmp_path,
        "tool",
        [
            folder("./"),
            folder("./usr"),
            file("./usr/bin/tool", b"tool", 0o6755),
            hard_link("./usr/bin/same", "./usr/bin/tool"),
            link("./usr/bin/abs", "/usr/bin/tool"),
            device("./dev/sda"),
            file("./etc/secret", b"s", 0o600),
        ],
    )
    listing = lay_out([deb], root)
    assert set(listing.files) == {"usr/bin/tool", "usr/bin/same", "etc/secret"}
    assert listing.links == {"usr/bin/abs": "/usr/bin/tool"}
    assert (root / "usr/bin/same").read_bytes() == b"tool"
    assert (root / "usr/bin/tool").stat().st_mode & 0o7777 == 0o755
    assert (root / "etc/secret").stat().st_mode & 0o7777 == 0o644
    assert not (root / "dev").exists()


@pytest.mark.parametrize(
    "members",
    [
        [file("../out", b"!")],
        [file("./a/../../out", b"!")],
        [file("//out", b"!")],
        [folder("../out")],
        [link("../out", "a")],
        [link("./a", "../.."), file("./a/out", b"!")],
        [link("./a", "/"), file("./a/out", b"!")],
        [link("./a", "."), folder("./a")],
        [
            link(
                "./a",
                "..",
            ),
            hard_link("./b", "./a/out"),
        ],
        [hard_link("./b", "../secret")],
        [hard_link("./b", "./b")],
        [file("./a"), file("./a/b")],
        [folder("./a"), file("./a")],
        [link("./a", "")],
        [file("./" + "a/" * 600 + "b")],
        [file(f"./{'b' * 300}")],
        [file("./a\udcff")],
    ],
)
def test_nothing_is_written_outside_or_through_a_link(
    tmp_path: Path, members: list[Member]
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises((PackageError, OSError)):
        _lay_out(tmp_path, *members)
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert (tmp_path / "secret").stat().st_nlink == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"secret", "tree", "tool_1.0_amd64.deb"}


def test_a_later_package_replaces_a_file_and_not_what_a_link_leads_to(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (tmp_path / "one").mkdir()
    one = make_deb(tmp_path / "one", "one", [file("./b", b"b"), link("./a", "b")])
    two = make_deb(tmp_path / "one", "two", [file("./a", b"a")])
    listing = lay_out([one, two], root)
    assert (root / "a").read_bytes() == b"a"
    assert (root / "b").read_bytes() == b"b"
    assert (set(listing.files), listing.links) == ({"a", "b"}, {})


_NAMES = ["./a", "./a/b", "./b", "../c", "./a/../..", "/etc", "./.", "./b/a/c", "./\udc80"]


def _some_member(chance: random.Random) -> Member:
    name, other = chance.choice(_NAMES), chance.choice([*_NAMES, "..", "/", "."])
    members = (file(name, b"!"), folder(name), device(name), link(name, other))
    return chance.choice([*members, hard_link(name, other)])


def test_random_archives_stay_inside(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - a failure shows it
    chance = random.Random(seed)
    for number in range(60):
        place = tmp_path / str(number)
        place.mkdir()
        members = [_some_member(chance) for _ in range(chance.randrange(1, 8))]
        with suppress(PackageError):
            _lay_out(place, *members)
        assert {path.name for path in place.iterdir()} <= {"tree", "tool_1.0_amd64.deb"}
    assert {path.name for path in tmp_path.iterdir()} == {str(number) for number in range(60)}


def _fuzz(tmp_path: Path, rounds: int) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - a failure shows it
    chance = random.Random(seed)
    long = "./" + "n" * 150
    members = [folder("./a"), file("./a/b", bytes(700)), link("./c", "a"), file(long, b"x")]
    sample = make_deb(tmp_path / "sample.deb", "tool", [*members, hard_link("./d", long)])
    content = sample.read_bytes()
    begin = content.index(b"data.tar")
    for number in range(rounds):
        place = tmp_path / str(number)
        place.mkdir()
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 8)):
            at = begin + chance.randrange(len(content) - begin)
            damaged[at] = chance.choice([chance.randrange(256), 0x80, 0xFF, ord("S"), ord("7")])
        (place / "a.deb").write_bytes(damaged)
        (place / "tree").mkdir()
        with suppress(PackageError):
            lay_out([place / "a.deb"], place / "tree")
        assert {path.name for path in place.iterdir()} == {"a.deb", "tree"}
        shutil.rmtree(place)


def test_damaged_archives_are_laid_out_or_refused(tmp_path: Path) -> None:
    _fuzz(tmp_path, 60)


@pytest.mark.soak
def test_many_damaged_archives_are_laid_out_or_refused(tmp_path: Path) -> None:
    _fuzz(tmp_path, 5_000)
