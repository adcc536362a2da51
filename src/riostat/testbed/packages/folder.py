"""Taking packages from a folder of files, for machines without apt or without a network."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from riostat.core.errors import PackageError
from riostat.testbed.packages.deb import Deb, highest, read_deb
from riostat.testbed.packages.sets import PackageSet

__all__ = ["PackageFolder"]

_FILES_MAX = 10_000
_CHUNK = 1 << 20


class PackageFolder:
    """The packages whose files lie in one folder; nothing below it is looked at."""

    def __init__(self, folder: Path, progress: Callable[[str], None]) -> None:
        self.origin = str(folder.absolute())
        self._folder = folder
        self._progress = progress
        self._files: list[tuple[Path, Deb]] | None = None

    def find(self, packages: PackageSet) -> list[Deb]:
        """Return what the names of a set stand for; the suite is whatever the folder holds.

        Raises `PackageError` where one is missing or is no package.
        """
        debs = [deb for _, deb in self._known()]
        chosen = []
        for wanted in packages.packages:
            versions = [deb for deb in debs if fnmatchcase(deb.name, wanted)]
            if not versions:
                raise PackageError(
                    f"The folder {self._folder} has no package {wanted}; copy its file there, or "
                    "leave --from out to take it from this machine's package mirrors."
                )
            chosen.append(highest(versions))
        return chosen

    def fetch(self, debs: Sequence[Deb], folder: Path) -> None:
        """Copy packages into `folder`, under their names in the cache."""
        paths = {deb.sha256: path for path, deb in self._known()}
        for deb in debs:
            with paths[deb.sha256].open("rb") as source, (folder / deb.file).open("xb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)

    def _known(self) -> list[tuple[Path, Deb]]:
        if self._files is None:
            self._progress(f"Reading the packages in {self._folder}")
            try:
                paths = sorted(path for path in self._folder.iterdir() if path.suffix == ".deb")
            except OSError as error:
                raise PackageError(
                    f"The folder of packages {self._folder} cannot be read ({error.strerror}); "
                    "give one that holds .deb files."
                ) from error
            if len(paths) > _FILES_MAX:
                raise PackageError(
                    f"The folder {self._folder} has more than {_FILES_MAX} packages; give one with "
                    "those that are needed."
                )
            self._files = [(path, read_deb(path)) for path in paths]
        return self._files
