"""Finding and downloading packages with the machine's apt, in a state of our own.

apt checks the signatures of the sources and the checksums that they sign. Its state, its lists and
its cache are in one folder of ours, so nothing of the machine's changes and no root is needed; its
configuration (proxies, time-outs, credentials) stays in force.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from errno import ENOSPC
from fnmatch import fnmatchcase
from pathlib import Path

from riostat.core.errors import MissingToolError, PackageError
from riostat.core.text import printable
from riostat.core.wholefile import write_whole
from riostat.testbed.packages.deb import Deb, highest
from riostat.testbed.packages.sets import DISTRIBUTION, PackageSet
from riostat.testbed.packages.sources import derive_sources, read_sources

__all__ = ["Apt", "apt_fault"]

_MACHINE_CONFIGURATION = Path("/etc/apt")
_SILENCE_S = 20
_RETRIES = 1
_SIZE_MAX = 1 << 30
_ROOM_BYTES = 96 << 20  # where the lists do not fit apt waits for ever (of Debian 12, 2.6.1)
_PATTERN = re.compile(r"[*?\[]")
_TETHER = ("setpriv", "--pdeathsig", "TERM")  # a killed process leaves no apt behind
_HOOKS = ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success")


class Apt:
    """The packages of the guests' distribution, from the mirrors that this machine uses."""

    origin = "apt"

    def __init__(
        self,
        folder: Path,
        progress: Callable[[str], None],
        *,
        configuration: Path = _MACHINE_CONFIGURATION,
    ) -> None:
        """Keep apt's state in `folder`; sources are read from the folder `configuration`."""
        self._folder = folder
        self._progress = progress
        self._configuration = configuration
        self._suites: set[str] = set()  # of which the lists are current

    def find(self, packages: PackageSet) -> list[Deb]:
        """Return what the names of a set stand for now.

        Raises `PackageError` where one is not to be had, `MissingToolError` without apt.
        """
        debs, lacking = self._look_up(packages, "")
        if lacking and packages.suite:
            debs, lacking = self._look_up(packages, packages.suite)
        if lacking:
            raise PackageError(
                f"The package mirrors of this machine have no package {lacking[0]} for "
                f"{DISTRIBUTION}; take it from a folder with --from FOLDER."
            )
        return debs

    def _look_up(self, packages: PackageSet, suite: str) -> tuple[list[Deb], list[str]]:
        """Return what there is of a set, and the names of which there is nothing."""
        self._update(suite)
        known = self._described(self._names(packages))
        debs, lacking = [], []
        for wanted in packages.packages:
            versions = [deb for deb in known if fnmatchcase(deb.name, wanted)]
            if versions:
                debs.append(highest(versions))
            else:
                lacking.append(wanted)
        return debs, lacking

    def fetch(self, debs: Sequence[Deb], folder: Path) -> None:
        """Download packages into `folder`, under their names in the cache.

        apt refuses what the signed lists do not describe. Raises `PackageError`.
        """
        megabytes = sum(deb.size for deb in debs) / 1e6
        self._progress(f"Downloading {len(debs)} packages, {megabytes:.1f} MB")
        before = set(folder.iterdir())
        self._run("apt-get", "download", *(f"{deb.name}={deb.version}" for deb in debs), cwd=folder)
        for path in set(folder.iterdir()) - before:
            name, version = path.name.split("_")[:2]
            path.rename(folder / f"{name}_{version}.deb")

    def _update(self, suite: str) -> None:
        """Get the lists of packages, once; with those of a suite beside the distribution's."""
        if suite in self._suites:
            return
        self._progress("Reading the lists of packages")
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < _ROOM_BYTES:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._suites |= {"", suite}
        self._write_configuration()
        self._run("apt-get", "update", "--error-on=any")

    def _names(self, packages: PackageSet) -> list[str]:
        """Return the names of packages that a set's names and patterns may stand for."""
        names = [name for name in packages.packages if not _PATTERN.search(name)]
        for pattern in set(packages.packages) - set(names):
            prefix = _PATTERN.split(pattern)[0]
            known = self._run("apt-cache", "pkgnames", prefix).split()
            names += [name for name in known if fnmatchcase(name, pattern)]
        return names

    def _described(self, names: Sequence[str]) -> list[Deb]:
        """Return every version of these packages that the signed lists have."""
        if not names:
            return []
        debs = []
        # Names that are not known make it fail, after it has shown the others.
        shown = self._run("apt-cache", "show", *names, fails=False)
        for paragraph in shown.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
            if {"Package", "Version", "SHA256", "Size"} <= fields.keys():
                debs.append(_deb(fields))
        return debs

    def _write_configuration(self) -> None:
        folder = self._folder
        machine = read_sources(self._configuration)
        sources = derive_sources(machine, DISTRIBUTION, suites=self._suites - {""})
        for name in ("sources", "state/lists/partial", "cache/archives/partial", "none"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_whole(folder / "sources" / "guests.sources", sources.encode())
        write_whole(folder / "status")
        settings = {
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Default-Release": "",
            "APT::Get::AllowUnauthenticated": "false",
            "APT::Sandbox::User": "root",  # `_apt` cannot enter a folder of the user's
            "Acquire::AllowDowngradeToInsecureRepositories": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": str(_RETRIES),
            "Acquire::http::Timeout": str(_SILENCE_S),
            "Acquire::https::Timeout": str(_SILENCE_S),
            "Dir::Cache": f"{folder}/cache",
            "Dir::Cache::archives": f"{folder}/cache/archives",
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "",
            "Dir::Etc::preferences": f"{folder}/none/preferences",
            "Dir::Etc::preferencesparts": f"{folder}/none",
            "Dir::Etc::sourcelist": f"{folder}/none/sources.list",
            "Dir::Etc::sourceparts": f"{folder}/sources",
            "Dir::State": f"{folder}/state",
            "Dir::State::lists": f"{folder}/state/lists",
            "Dir::State::status": f"{folder}/status",
        }
        # What the machine does after an update is about the machine's lists, not about ours.
        lines = [f"#clear APT::Update::{name};" for name in _HOOKS]
        lines += ["#clear APT::Architectures;"]
        lines += [f'{name} "{value}";' for name, value in settings.items()]
        write_whole(folder / "apt.conf", "".join(f"{line}\n" for line in lines).encode())

    def _run(
        self, program: str, *arguments: str, cwd: Path | None = None, fails: bool = True
    ) -> str:
        """Run one of apt's programs and return what it prints."""
        command = [program, "--config-file", str(self._folder / "apt.conf"), "--quiet=2"]
        if shutil.which(program) and shutil.which(_TETHER[0]):
            command = [*_TETHER, *command]
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        try:
            result = subprocess.run(
                [*command, *arguments],
                capture_output=True,
                check=False,
                cwd=cwd or self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError as error:
            raise MissingToolError(
                f"Packages are found with {program}, which this machine lacks; install the package "
                "apt, or take the packages from a folder with --from FOLDER."
            ) from error
        if result.returncode and fails:
            raise PackageError(
                f"Packages cannot be had from this machine's mirrors ({_reason(result.stderr)}); "
                "mend its package sources or its network, or take the packages from a folder with "
                "--from FOLDER."
            )
        return result.stdout.decode(errors="replace")


def apt_fault(configuration: Path = _MACHINE_CONFIGURATION) -> str:
    """Return why this machine's apt cannot give guests' packages, empty where it can."""
    for program in ("apt-get", "apt-cache"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    try:
        derive_sources(read_sources(configuration), DISTRIBUTION)
    except PackageError as error:
        return str(error).partition(";")[0]
    return ""


def _deb(fields: Mapping[str, str]) -> Deb:
    size = int(fields["Size"]) if fields["Size"].isdecimal() else _SIZE_MAX + 1
    if size > _SIZE_MAX:
        raise PackageError(
            f"The package {printable(fields['Package'])} of this machine's mirrors says that it "
            f"has {printable(fields['Size'])} bytes, more than {_SIZE_MAX}; use another mirror."
        )
    deb = Deb(fields["Package"], fields["Version"], fields["SHA256"].lower(), size)
    deb.check()
    return deb


def _reason(errors: bytes) -> str:
    """Return the first error that apt names, without its prefix."""
    lines = printable(errors.replace(b"\n", b"\0")).split("\\x00")
    named = [line for line in lines if line.startswith(("E:", "Err:"))] or lines
    return " ".join(named[0].partition(":")[2].split()) or "apt does not say why"
