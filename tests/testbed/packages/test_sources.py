"""The machine's package sources, in both forms, turned into those of the guests."""

from pathlib import Path

import pytest

from riostat.core.errors import PackageError
from riostat.testbed.packages.sources import Source, derive_sources, read_sources

_DEB822 = """\
# the archive
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
Check-Valid-Until: no

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""

_LINES = """\
# deb http://old.example/debian bookworm main
deb cdrom:[Debian]/ bookworm main
deb [arch=amd64,arm64 signed-by=/k.gpg trusted=yes] http://a.example/debian bookworm main # ours
deb http://a.example/debian bookworm-updates main non-free
deb http://s.example/debian-security bookworm-security main
deb-src http://a.example/debian bookworm main
"""


def _folder(tmp_path: Path, *, list_: str = "", **files: str) -> Path:
    """Make a configuration folder of apt; NAME_KIND becomes NAME.KIND in sources.list.d."""
    (tmp_path / "sources.list").write_text(list_)
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return tmp_path


def _paragraphs(text: str) -> list[dict[str, str]]:
    return [
        dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        for paragraph in text.strip().split("\n\n")
    ]


def test_the_deb822_form_keeps_mirrors_keys_and_options(tmp_path: Path) -> None:
    text = derive_sources(
        read_sources(_folder(tmp_path, debian_sources=_DEB822)), "bookworm", suites=["backports"]
    )
    archive, security = _paragraphs(text)
    assert archive == {
        "Types": "deb",
        "URIs": "http://mirror.example/debian",
        "Suites": "bookworm bookworm-updates bookworm-backports",
        "Components": "main",
        "Architectures": "amd64",
        "Targets": "Packages",
        "Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg",
        "Check-Valid-Until": "no",
    }
    assert security["Suites"] == "bookworm-security"
    assert " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n" in text


def test_the_one_line_form_says_the_same(tmp_path: Path) -> None:
    text = derive_sources(read_sources(_folder(tmp_path, list_=_LINES)), "bookworm")
    archive, security = _paragraphs(text)
    assert archive["URIs"] == "http://a.example/debian"
    assert archive["Suites"] == "bookworm bookworm-updates"
    assert archive["Architectures"] == "amd64"
    assert (archive["Signed-By"], archive["Trusted"]) == ("/k.gpg", "yes")
    assert security["URIs"] == "http://s.example/debian-security"


def test_others_that_name_their_suites_after_releases_are_passed_over(tmp_path: Path) -> None:
    others = (
        "deb https://apt.example/tool bookworm main\n"
        "deb https://sdk.example/apt sdk-bookworm main\n"
        "deb https://docker.example/linux/debian bookworm stable\n"
    )
    sources = read_sources(_folder(tmp_path, a_list=others, z_list=_LINES))
    assert len(sources) == 7
    assert _paragraphs(derive_sources(sources, "bookworm"))[0]["URIs"] == "http://a.example/debian"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deb http://archive.example/ubuntu noble main\n",
        "deb cdrom:[Debian]/ bookworm main\n",
        "deb http://a.example/debian bookworm contrib\n",
    ],
)
def test_a_machine_without_a_mirror_of_debian_is_told_of_folders(tmp_path: Path, text: str) -> None:
    with pytest.raises(PackageError, match=r"No package source .* with --from FOLDER\."):
        derive_sources(read_sources(_folder(tmp_path, list_=text)), "bookworm")


def test_disabled_and_strange_paragraphs_name_nothing() -> None:
    fields = {"types": "deb", "uris": "http://a", "suites": "sid", "components": "main"}
    assert Source.from_fields(fields | {"enabled": "No"}) is None
    assert Source.from_fields(fields | {"types": "deb-src"}) is None
    assert Source.from_fields(fields) == Source(("http://a",), ("sid",), ("main",), ())
    assert Source.from_line("deb [a=b http://a sid") is None
    assert Source.from_line("") is None
