"""The locked requirements are pinned, hashed, name no index, and satisfy pyproject.toml."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tidy.tree import ROOT, expect_none

_PIN = re.compile(
    r"(?P<requirement>\S+==\S+( ; [^\\]+)?) \\\n(?P<hashes>( +--hash=sha256:\w{64}( \\)?\n)+)"
)
_COMMENT = re.compile(r" *#[^\n]*\n")


def _pins(text: str) -> dict[str, set[str]]:
    """The pinned versions by name; any line that is no pin with hashes is refused."""
    remainder = _COMMENT.sub("", _PIN.sub("", text))
    if remainder:
        raise ValueError(remainder)
    pins: dict[str, set[str]] = {}
    for match in _PIN.finditer(text):
        requirement = Requirement(match["requirement"])
        versions = {specifier.version for specifier in requirement.specifier}
        pins.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return pins


def _stale(wanted: list[str], pins: dict[str, set[str]]) -> list[str]:
    """Those of the `wanted` requirements that `pins` does not satisfy."""
    stale = []
    for text in wanted:
        requirement = Requirement(text)
        versions = pins.get(canonicalize_name(requirement.name), set())
        if not versions or not all(map(requirement.specifier.contains, versions)):
            stale.append(text)
    return stale


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_lock_has_what_the_package_needs(project: dict[str, Any]) -> None:
    pins = _pins((ROOT / "requirements.txt").read_text())
    wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
    expect_none(_stale(wanted, pins), "run `make lock`")


def test_the_lock_has_what_the_tests_need(project: dict[str, Any]) -> None:
    pins = _pins((ROOT / "requirements-dev.txt").read_text())
    groups = project["dependency-groups"]
    wanted = [text for group in groups.values() for text in group if isinstance(text, str)]
    expect_none(_stale(wanted, pins), "run `make lock`")


def test_what_runs_is_what_is_tested() -> None:
    pins = _pins((ROOT / "requirements.txt").read_text())
    tested = _pins((ROOT / "requirements-dev.txt").read_text())
    assert {name: tested.get(name) for name in pins} == pins


_GOOD = (
    f"click==8.5.1 ; sys_platform == 'linux' \\\n    --hash=sha256:{'0' * 64}\n    # via riostat\n"
)


def test_the_checker_reads_pins() -> None:
    assert _stale(["click>=8.5"], _pins(_GOOD)) == []
    assert _stale(["click>=9", "rich"], _pins(_GOOD)) == ["click>=9", "rich"]


@pytest.mark.parametrize(
    "text",
    [
        "click==8.5.1\n",
        "click>=8.5 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "-i https://example.org\n" + _GOOD,
    ],
)
def test_the_checker_refuses_what_is_not_locked(text: str) -> None:
    with pytest.raises(ValueError, match=r"click|-i"):
        _pins(text)
