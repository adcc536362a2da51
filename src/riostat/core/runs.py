"""The directory of all runs: making, naming, finding and removing them."""

import errno
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from riostat.core.clock import Clock
from riostat.core.errors import RunError, RunNotFoundError
from riostat.core.manifest import MANIFEST_NAME, new_manifest, write_manifest
from riostat.core.text import printable
from riostat.core.writer import FILE_SUFFIX, is_being_written

__all__ = ["LATEST", "RunDirectory"]

LATEST = "latest"
_REMOVED = ".removed-"
_DRAFT = ".draft-"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where runs are kept, a directory for each."""

    root: Path

    def create(
        self,
        *,
        command: Sequence[str],
        clock: Clock,
        name: str | None = None,
        rolling: bool = False,
    ) -> tuple[str, Path]:
        """Make the directory and the manifest of a new run; return its id and its path.

        `name` may be a plain name, which must be free, or a path with a slash, which must not
        exist. Raises `RunError`.
        """
        if name is None:
            moment = datetime.fromtimestamp(clock.realtime_ns() / 1e9, UTC)
            name = f"{moment:%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"
        path = Path(name).absolute() if "/" in name else self.root / name
        if not _NAME.fullmatch(path.name) or path.name == LATEST:
            raise RunError(
                f"{printable(path.name)!r} cannot be the name of a run; use letters, digits, "
                "dots, hyphens and underscores."
            )
        if path.exists():
            raise _taken(path)
        draft = path.with_name(f"{_DRAFT}{path.name}-{os.getpid()}")
        manifest = new_manifest(path.name, command=command, clock=clock, rolling=rolling)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.mkdir(mode=0o700)
            write_manifest(draft, manifest)
            draft.rename(path)  # a run is there with its manifest, or not at all
        except OSError as error:
            _remove_tree(draft)
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                raise _taken(path) from error
            raise RunError(
                f"The run's directory {printable(str(path))} cannot be made ({error.strerror}); "
                "choose another place with --data or -o."
            ) from error
        except RunError:
            _remove_tree(draft)
            raise
        return path.name, path

    def paths(self) -> list[Path]:
        """Return the directories of all runs, by name."""
        try:
            return sorted(
                path
                for path in self.root.iterdir()
                if _NAME.fullmatch(path.name) and (path / MANIFEST_NAME).is_file()
            )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(
                f"The runs in {self.root} cannot be listed ({error.strerror}); "
                "choose another place with --data."
            ) from error

    def find(self, reference: str) -> Path:
        """Return the directory of the one run that answers to a reference.

        That is a path with a slash in it, a run's name, the beginning of a single name, or
        ``latest``, the run that began last. Raises `RunNotFoundError`.
        """
        if "/" in reference:
            return self._existing(Path(reference))
        if _NAME.fullmatch(reference) and (self.root / reference / MANIFEST_NAME).is_file():
            return self.root / reference
        paths = self.paths()
        if reference == LATEST and paths:
            return max(paths, key=lambda path: (path / MANIFEST_NAME).stat().st_mtime_ns)
        found = [path for path in paths if reference and path.name.startswith(reference)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(path.name for path in found[:5])
            raise RunNotFoundError(
                f"{printable(reference)!r} begins the names of {len(found)} runs ({names}); "
                "write more of it."
            )
        raise _not_found(reference)

    def removable(self, reference: str) -> Path:
        """Return the directory of a run that may be removed; one being recorded is refused."""
        path = self.find(reference)
        for file in path.glob(f"*{FILE_SUFFIX}"):
            if is_being_written(file):
                raise RunError(
                    f"The run {path.name} is being recorded; end the recording before removing it."
                )
        return path

    @staticmethod
    def remove(path: Path) -> None:
        """Remove the directory of a run; it vanishes from the list at once, whole."""
        try:
            grave = path.with_name(f"{_REMOVED}{path.name}-{os.getpid()}")
            path.rename(grave)
        except OSError as error:
            raise RunError(
                f"The run {path.name} cannot be removed ({error.strerror}); remove {path} by hand."
            ) from error
        _remove_tree(grave)

    def sweep(self) -> None:
        """Remove what a making or a removal that was interrupted has left."""
        for pattern in (f"{_DRAFT}*", f"{_REMOVED}*"):
            for path in self.root.glob(pattern):
                _remove_tree(path)

    @staticmethod
    def _existing(path: Path) -> Path:
        try:
            if (path / MANIFEST_NAME).is_file():
                return path
        except ValueError:
            pass  # a NUL byte
        raise _not_found(str(path))


def _not_found(reference: str) -> RunNotFoundError:
    return RunNotFoundError(
        f"There is no run {printable(reference)!r}; `riostat runs list` shows the runs there are."
    )


def _taken(path: Path) -> RunError:
    return RunError(
        f"The run {path.name} exists already; choose another name or remove it with "
        f"`riostat runs rm {path.name}`."
    )


def _remove_tree(path: Path) -> None:
    import shutil  # slow to import, and a recording needs none of it

    shutil.rmtree(path, ignore_errors=True)
