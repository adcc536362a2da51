"""The cache of packages: found, downloaded and unpacked once, checked, and used offline.

::

    packages/
      lock                 held while packages are found, downloaded and unpacked
      apt/                 the state of apt, which is ours alone
      debs/                files of packages; they serve as the folder of another machine
      sets/NAME.json       which packages a set stands for, with their checksums
      trees/KEY/           what they were unpacked into, `root`, and its `listing`
      making-*/            what is being made; moved into place when it is whole
"""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from riostat.core.errors import PackageError
from riostat.core.wholefile import write_whole
from riostat.testbed.making import making_folder
from riostat.testbed.packages.apt import Apt
from riostat.testbed.packages.deb import Deb, sha256_of
from riostat.testbed.packages.folder import PackageFolder
from riostat.testbed.packages.sets import PackageSet
from riostat.testbed.packages.tree import Listing, PackageTree
from riostat.testbed.packages.unpack import lay_out

__all__ = ["PackageCache", "SetRecord"]

_LISTING_BYTES_MAX = 256 << 20
_KEY_DIGITS = 32


class SetRecord(msgspec.Struct, frozen=True):
    """What a set stood for when it was found, and where it came from: `apt`, or a folder's path."""

    packages: tuple[str, ...]
    suite: str
    origin: str
    debs: tuple[Deb, ...]

    @property
    def key(self) -> str:
        """A hash of the packages' content."""
        digests = " ".join(deb.sha256 for deb in self.debs)
        return hashlib.sha256(digests.encode()).hexdigest()[:_KEY_DIGITS]


class _Origin(Protocol):
    """Where packages come from."""

    origin: str

    def find(self, packages: PackageSet) -> list[Deb]: ...

    def fetch(self, debs: list[Deb], folder: Path) -> None: ...


def _silent(_words: str) -> None:
    pass


class PackageCache:
    """Packages under a folder of the user's, for any number of processes at once."""

    def __init__(
        self,
        folder: Path,
        *,
        source: Path | None = None,
        progress: Callable[[str], None] = _silent,
    ) -> None:
        """Use the cache in `folder`; it is made when something is put there.

        Packages come from the folder `source`, or from the machine's mirrors by apt without one.
        """
        self.folder = folder
        self.progress = progress
        self._origin: _Origin = (
            Apt(folder / "apt", progress) if source is None else PackageFolder(source, progress)
        )
        self._is_from_folder = source is not None

    def unpacked(self, packages: PackageSet) -> Path:
        """Return the folder of a set's files; see `tree`."""
        return self.tree(packages).root

    def tree(self, packages: PackageSet) -> PackageTree:
        """Return the files of a set, downloaded and unpacked where that was not done before.

        Raises `PackageError` where a package cannot be had or is damaged, `MissingToolError`
        without the programs of apt and dpkg.
        """
        tree = self._cached(packages)
        if tree is not None:
            return tree
        with self._making() as making:
            return self._cached(packages) or self._make(packages, self._record(packages), making)

    def record(self, packages: PackageSet) -> SetRecord | None:
        """Return what a set stands for in the cache, or None where it was not had so far."""
        record = _read_record(self._record_path(packages))
        if record is None or (record.packages, record.suite) != (packages.packages, packages.suite):
            return None
        if self._is_from_folder and record.origin != self._origin.origin:
            return None
        return record

    def update(self, packages: PackageSet) -> PackageTree:
        """Return the files of a set in its current version; raises as `tree` does.

        Packages and trees that no set stands for any more are removed.
        """
        with self._making() as making:
            record = self._found(packages)
            tree = self._cached(packages) if record == self.record(packages) else None
            tree = tree or self._make(packages, record, making)
            self._remove_old()
        return tree

    def _record_path(self, packages: PackageSet) -> Path:
        return self.folder / "sets" / f"{packages.name}.json"

    def _cached(self, packages: PackageSet) -> PackageTree | None:
        record = self.record(packages)
        if record is None:
            return None
        folder = self.folder / "trees" / record.key
        try:
            content = (folder / "listing").read_bytes()
            listing = msgspec.json.decode(content, type=Listing)
        except (OSError, msgspec.DecodeError):
            return None
        tree = PackageTree(folder / "root", listing, record.key)
        return tree if tree.is_whole() else None

    def _record(self, packages: PackageSet) -> SetRecord:
        return self.record(packages) or self._found(packages)

    def _found(self, packages: PackageSet) -> SetRecord:
        debs = self._origin.find(packages)
        return SetRecord(packages.packages, packages.suite, self._origin.origin, tuple(debs))

    def _make(self, packages: PackageSet, record: SetRecord, making: Path) -> PackageTree:
        """Unpack what a record names, downloading what is not there or is damaged."""
        debs = self.folder / "debs"
        for folder in (debs, self.folder / "sets", self.folder / "trees"):
            folder.mkdir(exist_ok=True)
        if not all(_is_there(debs / deb.file, deb) for deb in record.debs):
            record = self._found(packages)  # an older version may be gone from the mirror
            missing = [deb for deb in record.debs if not _is_there(debs / deb.file, deb)]
            self._fetch(missing, making / "debs")
        self.progress(f"Unpacking {packages.name}")
        (making / "tree" / "root").mkdir(parents=True)
        listing = lay_out([debs / deb.file for deb in record.debs], making / "tree" / "root")
        (making / "tree" / "listing").write_bytes(msgspec.json.encode(listing))
        tree = self.folder / "trees" / record.key
        if tree.exists():  # damaged, or of a set with the same packages; it is there again at once
            tree.rename(making / "damaged")
        (making / "tree").rename(tree)
        write_whole(self._record_path(packages), msgspec.json.encode(record))
        return PackageTree(tree / "root", listing, record.key)

    def _remove_old(self) -> None:
        """Remove what no record names."""
        records = [_read_record(path) for path in (self.folder / "sets").glob("*.json")]
        trees = {record.key for record in records if record is not None}
        debs = {deb.file for record in records if record is not None for deb in record.debs}
        for tree in (self.folder / "trees").iterdir():
            if tree.name not in trees:
                shutil.rmtree(tree)
        for deb in (self.folder / "debs").iterdir():
            if deb.name not in debs:
                deb.unlink()

    def _making(self) -> AbstractContextManager[Path]:
        return making_folder(self.folder, kind=PackageError, progress=self.progress)

    def _fetch(self, debs: list[Deb], folder: Path) -> None:
        """Bring packages into the cache over `folder`, each only when it is what it must be."""
        folder.mkdir()
        self._origin.fetch(debs, folder)
        for deb in debs:
            if not _is_there(folder / deb.file, deb):
                raise PackageError(
                    f"The package {deb.name} that came from {self._origin.origin} does not have "
                    f"the SHA-256 {deb.sha256} that was promised; get it from another place."
                )
            (folder / deb.file).replace(self.folder / "debs" / deb.file)


def _read_record(path: Path) -> SetRecord | None:
    """Return a record, or None where there is none, or a damaged one, which is made anew."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=SetRecord)
        for deb in record.debs:
            deb.check()
    except (OSError, msgspec.DecodeError, PackageError):
        return None
    return record


def _is_there(path: Path, deb: Deb) -> bool:
    """Tell whether a file is the package, by its checksum."""
    try:
        return path.stat().st_size == deb.size and sha256_of(path) == deb.sha256
    except FileNotFoundError:
        return False
