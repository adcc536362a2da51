"""Where things lie in the data directory."""

from dataclasses import dataclass
from pathlib import Path

from riostat.core.errors import RiostatError

__all__ = ["DataDirectory"]


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The one directory that riostat writes to."""

    root: Path

    @property
    def runs(self) -> Path:
        """One directory per run."""
        return self.root / "runs"

    @property
    def symbols(self) -> Path:
        """Symbol tables by build-id, and the kernel's by boot."""
        return self.root / "cache" / "symbols"

    @property
    def kernels(self) -> Path:
        """Machine code that numba made of the kernels, by a hash of their sources."""
        return self.root / "cache" / "kernels"

    @property
    def switch(self) -> Path:
        """The control socket of a running switch, and the sockets of its demonstration."""
        return self.root / "switch"

    @property
    def claims(self) -> Path:
        """The last verdict on each claim."""
        return self.root / "claims"

    @property
    def citations(self) -> Path:
        """The index of citation statements, and its full-text index."""
        return self.root / "citations"

    @property
    def token(self) -> Path:
        """The console's secret."""
        return self.root / "token"

    def make(self) -> None:
        """Make the directory and those in it, for this user alone."""
        for path in (self.runs, self.symbols, self.kernels):
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise RiostatError(
                    f"The data directory {self.root} cannot be used "
                    f"({error.strerror}); choose another with --data or RIOSTAT_DATA."
                ) from error
