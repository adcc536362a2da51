"""The machine's own package sources, turned into those of the guests' distribution.

Addresses, keys and options come from ``sources.list`` and ``sources.list.d`` in both of their forms
(sources.list(5)); only the suites are others. So mirrors, proxies and keys are the machine's own.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from riostat.core.errors import PackageError

__all__ = ["Source", "derive_sources", "read_sources"]

_RELEASES = {
    "bullseye", "bookworm", "trixie", "forky", "duke", "sid",
    "oldoldstable", "oldstable", "stable", "testing", "unstable",
}  # fmt: skip
_COMPONENT = "main"
_SECURITY = "-security"
_UPDATES = "-updates"
_ONE_LINE = re.compile(r"deb\s+(?:\[([^]]*)\]\s+)?([^\s[]\S*)\s+(\S+)((?:\s+\S+)*)")
# What one-line options are called as fields, where that is not the same word; those about what is
# fetched are ours to say.
_FIELDS = {"arch": "architectures", "lang": "languages", "target": "targets"}
_OURS = {"types", "uris", "suites", "components", "architectures", "languages", "targets"}
_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One source of packages: where, which suites, and fields such as the key it is signed by."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Return what a line of the one-line form says, or None where it names no packages."""
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            return None
        options = []
        for option in (match[1] or "").split():
            name, _, value = option.partition("=")
            name = _FIELDS.get(name.lower(), name.lower())
            options.append((name, value.replace(",", " ")))
        return cls((match[2],), (match[3],), tuple(match[4].split()), _theirs(options))

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Self | None:
        """Return what a paragraph of the deb822 form says, or None where it names no packages."""
        if fields.get("enabled", "yes").strip().lower() in {"no", "false", "off", "0", "without"}:
            return None
        if "deb" not in fields.get("types", "").split():
            return None
        return cls(
            tuple(fields.get("uris", "").split()),
            tuple(fields.get("suites", "").split()),
            tuple(fields.get("components", "").split()),
            _theirs(fields.items()),
        )

    def paragraph(self, suites: Iterable[str]) -> str:
        """Return the source with other suites, for amd64, in the deb822 form."""
        fields = {
            "Types": "deb",
            "URIs": " ".join(self.uris),
            "Suites": " ".join(suites),
            "Components": _COMPONENT,
            "Architectures": "amd64",
            "Targets": "Packages",
        }
        lines = [*fields.items(), *((name.title(), value) for name, value in self.options)]
        return "".join(f"{name}: {value}\n" for name, value in lines) + "\n"

    def has_suite(self, *endings: str) -> bool:
        """Tell whether one of the suites is a release of Debian with one of these endings."""
        wanted = {release + ending for release in _RELEASES for ending in endings}
        return not wanted.isdisjoint(self.suites)


def _theirs(options: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in options if name not in _OURS | {"enabled"})


def read_sources(folder: Path) -> list[Source]:
    """Return the sources that the files of an apt configuration folder name.

    Raises `PackageError` for a file that cannot be read.
    """
    parts = sorted((folder / "sources.list.d").glob("*"))
    found: list[Source | None] = []
    for path in (folder / "sources.list", *parts):
        if not path.is_file():
            continue
        if path.suffix == ".list":
            found += map(Source.from_line, _read(path).splitlines())
        elif path.suffix == ".sources":
            found += map(Source.from_fields, _paragraphs(_read(path)))
    return [source for source in found if source is not None]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES).decode(errors="replace")
    except OSError as error:
        raise PackageError(
            f"The package sources in {path} cannot be read ({error.strerror}); make the file "
            "readable, or take the packages from a folder with --from."
        ) from error


def _paragraphs(text: str) -> Iterable[Mapping[str, str]]:
    """Yield the fields of each paragraph, names in lower case, continued lines as they stand."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += f"\n{line}"
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def derive_sources(
    sources: Iterable[Source], distribution: str, *, suites: Iterable[str] = ()
) -> str:
    """Return the guests' sources in the deb822 form, from the same mirrors with the same keys.

    `distribution` is the code name of a Debian release; it comes with its updates, and with other
    `suites` such as ``backports``. Raises `PackageError` where no source of
    this machine is a mirror of Debian.
    """
    usable = [
        source
        for source in sources
        if _COMPONENT in source.components
        and source.uris
        and not any(uri.startswith("cdrom:") for uri in source.uris)
    ]
    archives = [source for source in usable if source.has_suite("")]
    # Others than Debian name their suites after its releases too; its mirrors have the updates.
    updated = {uri for source in usable if source.has_suite(_UPDATES) for uri in source.uris}
    archive = next(
        (source for source in archives if not updated.isdisjoint(source.uris)),
        next((source for source in archives if any("debian" in uri for uri in source.uris)), None),
    )
    if archive is None:
        raise PackageError(
            "No package source of this machine is a mirror of Debian; take the packages from a "
            "folder with --from FOLDER."
        )
    others = (f"{distribution}-{suite}" for suite in sorted(suites))
    text = archive.paragraph((distribution, distribution + _UPDATES, *others))
    security = next((source for source in usable if source.has_suite(_SECURITY)), None)
    if security is not None:
        text += security.paragraph((distribution + _SECURITY,))
    return text
