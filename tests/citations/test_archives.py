"""Folders and archives: every document in them, nothing that leads out of them."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from riostat.citations.archives import SourceFile, count_sources, read_sources


def sources(*paths: Path) -> list[SourceFile]:
    return [source for source, _ in read_sources([*paths])]


def names(found: Iterable[SourceFile], folder: Path) -> list[str]:
    return [source.name.removeprefix(f"{folder}/") for source in found if source.refusal is None]


def refusals(found: Iterable[SourceFile]) -> list[str]:
    return [str(source.refusal) for source in found if source.refusal is not None]


def tar(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # any mode
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_folders_are_read_in_order_with_the_archives_in_them(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.nxml", "a.XML", "c.jats", ".hidden.xml", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to(tmp_path)
    tar(tmp_path / "d.tar.gz", [(member("x/3.xml"), b"3"), (member("x/notes.txt"), b"")])
    tar(tmp_path / "e.tar", [(member("4.xml"), b"4")], "w")
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("y/5.xml", "5")
    found = sources(tmp_path)
    expected = ["a.XML", "b/2.nxml", "c.jats", "d.tar.gz:x/3.xml", "e.tar:4.xml", "f.zip:y/5.xml"]
    assert names(found, tmp_path) == expected
    assert refusals(found) == []
    assert found[0].data == b"a.XML"
    assert count_sources([tmp_path]) == 6
    last = [is_last for _, is_last in read_sources([tmp_path])]
    assert last == [True] * 6


def test_tricks_with_paths_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "a.tgz",
        [
            (member("../up.xml"), b"1"),
            (member("/root.xml"), b"2"),
            (member("a/../../b.xml"), b"3"),
            (member("link.xml", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (member("hard.xml", tarfile.LNKTYPE, "fine.xml"), b""),
            (member("device.xml", tarfile.CHRTYPE), b""),
            (member("fine.xml"), b"4"),
        ],
    )
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name in ("../up.xml", "/root.xml", "C:\\x.xml", "..\\up.xml", "fine.xml"):
            archive.writestr(name, "5")
    found = sources(path, tmp_path / "b.zip")
    assert names(found, tmp_path) == ["a.tgz:fine.xml", "b.zip:fine.xml"]
    assert len(refusals(found)) == 10
    assert all("is a link or leads out of its archive" in words for words in refusals(found))
    assert {path.name for path in tmp_path.iterdir()} == {"a.tgz", "b.zip"}


def test_bombs_are_refused(tmp_path: Path) -> None:
    zeros = bytes(30 << 20)
    path = tar(tmp_path / "a.tar.gz", [(member("fine.xml"), b"1"), (member("bomb.xml"), zeros)])
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fine.xml", "1")
        archive.writestr("bomb.xml", zeros)
    found = sources(path, tmp_path / "b.zip")
    assert names(found, tmp_path) == ["a.tar.gz:fine.xml", "b.zip:fine.xml"]
    assert len(refusals(found)) == 2
    assert all("unpacks to more than 200 times its size" in words for words in refusals(found))


def test_what_stands_between_members_is_bounded(tmp_path: Path) -> None:
    long = tarfile.TarInfo("long")
    long.type = tarfile.GNUTYPE_LONGNAME
    long.size = 200 << 20
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(long.tobuf(tarfile.GNU_FORMAT))
        for _ in range(200):
            file.write(bytes(1 << 20))
    (words,) = refusals(sources(tmp_path / "a.tar.gz"))
    assert "there is too much between two members" in words


@pytest.mark.parametrize("cut", [0, 10, 60, -20])
def test_broken_archives_are_refused_after_what_is_whole(tmp_path: Path, cut: int) -> None:
    path = tar(tmp_path / "a.tar.gz", [(member("1.xml"), b"1" * 5000)])
    path.write_bytes(path.read_bytes()[:cut])
    assert len(refusals(sources(path))) == 1
    zipped = tmp_path / "b.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("1.xml", "1")
    zipped.write_bytes(zipped.read_bytes()[:cut])
    assert len(refusals(sources(zipped))) == 1


def test_a_damaged_member_does_not_hinder_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.xml", "one one one")
        archive.writestr("2.xml", "two")
    path.write_bytes(path.read_bytes().replace(b"one one one", b"one two one", 1))
    found = sources(path)
    assert names(found, tmp_path) == ["a.zip:2.xml"]
    assert "a.zip:1.xml cannot be unpacked (Bad CRC-32" in refusals(found)[0]


def _archives(folder: Path) -> list[tuple[str, bytes]]:
    """Small archives of every kind, as bytes under their names."""
    members = ["a.xml", f"b/{'long' * 40}.xml", f"{'ü' * 60}.xml"]
    made = []
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(folder / "t.tar", "w", format=layout) as archive:
            for name in members:
                info = member(name)
                info.size = 700
                archive.addfile(info, io.BytesIO(b"x" * 700))
        made.append(("t.tar", (folder / "t.tar").read_bytes()))
    with zipfile.ZipFile(folder / "t.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in members:
            zipped.writestr(name, "hello " * 100)
    packed = gzip.compress(made[-1][1])
    return [*made, ("t.zip", (folder / "t.zip").read_bytes()), ("t.tar.gz", packed)]


def test_mutated_archives_are_read_or_refused(tmp_path: Path) -> None:
    archives = _archives(tmp_path)
    read = refused = 0
    for seed in range(1000):
        draw = random.Random(seed)
        name, sound = draw.choice(archives)
        data = bytearray(sound)
        for _ in range(draw.choice((1, 2, 8))):
            at = draw.randrange(draw.choice((len(data), 1600)))
            kind = draw.randrange(4)
            if kind == 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            elif kind == 1:
                data[at : at + 1] = draw.choice([b"0", b"7", b"9", b" ", b"\0", b"\xff", b"\n"])
            elif kind == 2:
                del data[at : at + draw.choice((1, 100))]
            else:
                data[at:at] = data[draw.randrange(len(data)) :][:512]
        (tmp_path / name).write_bytes(data)
        try:
            found = sources(tmp_path / name)
        except Exception as error:
            error.add_note(f"the seed was {seed}")
            raise
        refused += len(refusals(found))
        read += len(found) - len(refusals(found))
    assert read > 250 < refused


def test_paths_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "1")
    found = sources(tmp_path / "none.xml", tmp_path / "a.zip")
    assert "There is no file or folder" in refusals(found)[0]
    assert "has no document in it" in refusals(found)[1]
