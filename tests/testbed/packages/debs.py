"""Debian packages for tests, written byte by byte, so that they can be hostile too (deb(5))."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["device", "file", "folder", "hard_link", "link", "make_deb"]

Member = tuple[tarfile.TarInfo, bytes]


def file(path: str, content: bytes = b"", mode: int = 0o644) -> Member:
    member = tarfile.TarInfo(path)
    member.size, member.mode = len(content), mode
    return member, content


def folder(path: str) -> Member:
    return _special(path, tarfile.DIRTYPE)


def link(path: str, target: str) -> Member:
    return _special(path, tarfile.SYMTYPE, target)


def hard_link(path: str, target: str) -> Member:
    return _special(path, tarfile.LNKTYPE, target)


def device(path: str) -> Member:
    return _special(path, tarfile.BLKTYPE)


def _special(path: str, kind: bytes, target: str = "") -> Member:
    member = tarfile.TarInfo(path)
    member.type, member.linkname, member.mode = kind, target, 0o755
    return member, b""


def make_deb(
    path: Path,
    name: str,
    members: Iterable[Member] = (),
    *,
    version: str = "1.0",
    fields: Mapping[str, str] | None = None,
) -> Path:
    """Write a package to `path`, or into it where it is a folder, and return its path."""
    control = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Maintainer": "nobody",
        "Description": "for tests",
        **(fields or {}),
    }
    lines = "".join(f"{key}: {value}\n" for key, value in control.items())
    words = lines.encode(errors="surrogateescape")
    if path.is_dir():
        path /= f"{name}_{version.replace(':', '%3a')}_amd64.deb"
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar": _tar([file("./control", words)]),
        "data.tar": _tar(members),
    }
    path.write_bytes(b"!<arch>\n" + b"".join(_ar(*part) for part in parts.items()))
    return path


def _tar(members: Iterable[Member]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as files:
        for member, content in members:
            files.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _ar(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)
