"""A package mirror in a folder, as apt reads it (`file:` in sources.list(5))."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tests.testbed.packages.debs import Member, make_deb

__all__ = ["Repository"]


class Repository:
    """Suites of one component, unsigned; apt is told to trust them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._packages: dict[str, str] = {}
        (root / "pool").mkdir(parents=True)
        for suite in ("bookworm", "bookworm-updates", "bookworm-backports"):
            self._packages[suite] = ""
            self._write(suite)

    def configuration(self, options: str = "trusted=yes") -> Path:
        """Return a configuration folder of apt whose machine uses this mirror."""
        folder = self.root / "etc"
        folder.mkdir(exist_ok=True)
        lines = [
            f"deb [{options}] file:{self.root} {suite} main\n"
            for suite in ("bookworm", "bookworm-updates")
        ]
        (folder / "sources.list").write_text("".join(lines))
        return folder

    def add(
        self, name: str, version: str, members: Iterable[Member] = (), suite: str = "bookworm"
    ) -> Path:
        """Add a package and return its file."""
        path = make_deb(self.root / "pool", name, members, version=version)
        content = path.read_bytes()
        self._packages[suite] += (
            f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody\n"
            f"Filename: pool/{path.name}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\nDescription: for tests\n\n"
        )
        self._write(suite)
        return path

    def _write(self, suite: str) -> None:
        index = self.root / "dists" / suite / "main" / "binary-amd64" / "Packages"
        index.parent.mkdir(parents=True, exist_ok=True)
        content = self._packages[suite].encode()
        index.write_bytes(content)
        (self.root / "dists" / suite / "Release").write_text(
            f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nArchitectures: amd64\n"
            "Components: main\nDate: Sat, 01 Aug 2026 00:00:00 UTC\n"
            f"SHA256:\n {hashlib.sha256(content).hexdigest()} {len(content)} "
            "main/binary-amd64/Packages\n"
        )
