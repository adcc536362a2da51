"""Files of packages, read with dpkg's own programs."""

import hashlib
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from riostat.core.errors import MissingToolError, PackageError
from riostat.core.text import printable

__all__ = ["Deb", "files_of", "highest", "read_deb", "sha256_of"]

_FIELDS = ("Package", "Version", "Architecture")
# Names and versions as Debian's policy (5.6.1, 5.6.12) writes them; both become names of files.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{1,127}")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+:~-]{0,127}")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Deb:
    """A package as it can be had: its name, version, and what its file must be."""

    name: str
    version: str
    sha256: str
    size: int

    def check(self) -> None:
        """Raise `PackageError` where name or version are none that Debian allows."""
        if not (_NAME.fullmatch(self.name) and _VERSION.fullmatch(self.version)):
            raise PackageError(
                f"A package calls itself {printable(self.name)!r} in version "
                f"{printable(self.version)!r}, which Debian does not allow; remove it."
            )

    @property
    def file(self) -> str:
        """The name of its file in the cache."""
        return f"{self.name}_{self.version.replace(':', '%3a')}.deb"


def read_deb(path: Path) -> Deb:
    """Return what a file holds; raises `PackageError` where it is no package for amd64."""
    result = _run(["dpkg-deb", "--field", str(path), *_FIELDS])
    fields = dict(
        line.split(": ", 1)
        for line in result.stdout.decode(errors="replace").splitlines()
        if ": " in line
    )
    if result.returncode or set(_FIELDS) - fields.keys():
        words = printable(result.stderr.decode(errors="replace").strip().partition("\n")[0])
        raise PackageError(
            f"The file {path} is no Debian package ({words}); remove it, or get it again."
        )
    if fields["Architecture"] not in {"amd64", "all"}:
        raise PackageError(
            f"The package {path} is for {printable(fields['Architecture'])}; guests are amd64, so "
            "give the package for amd64."
        )
    deb = Deb(fields["Package"], fields["Version"], sha256_of(path), path.stat().st_size)
    deb.check()
    return deb


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def highest(debs: list[Deb]) -> Deb:
    """Return the one with the highest version, in the order of Debian's policy (5.6.12)."""
    best = debs[0]
    for deb in debs[1:]:
        compared = _run(["dpkg", "--compare-versions", deb.version, "gt", best.version])
        if compared.returncode == 0:
            best = deb
    return best


@contextmanager
def files_of(path: Path) -> Iterator[tarfile.TarFile]:
    """Open the files of a package as a stream; raises `PackageError` where they are damaged."""
    command = ["dpkg-deb", "--fsys-tarfile", str(path)]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise _no_dpkg() from error
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as files:
                yield files
            while process.stdout.read(_CHUNK):  # what pads the archive
                pass
        except tarfile.TarError as error:
            process.kill()
            raise _damaged(path, str(error)) from error
        except BaseException:
            process.kill()
            raise
        words = process.stderr.read().decode(errors="replace").strip().partition("\n")[0]
    if process.returncode:
        raise _damaged(path, words)


def _damaged(path: Path, words: str) -> PackageError:
    return PackageError(
        f"The package {path} is damaged ({printable(words)}); remove it, or get it again."
    )


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise _no_dpkg() from error


def _no_dpkg() -> MissingToolError:
    return MissingToolError(
        "Packages are read with dpkg-deb, which this machine lacks; install the package dpkg."
    )
