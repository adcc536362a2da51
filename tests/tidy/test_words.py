"""Words that may not stand in the project's files."""

import re
from pathlib import Path

import pytest

from tests.tidy.tree import Source, expect_none, text_sources

# This file and the requirements say what they refuse or quote; the licence is not ours to word.
_EXEMPT = {Path("tests/tidy/test_words.py"), Path("LICENSE")}

_REFUSED = {
    "unfinished work": re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"),
    # A path that begins at the root; /proc/PID/root/ and a/root/b do not.
    "a path of one machine": re.compile(r"(?<![\w./}>*-])/(work|root|opt|home/\w+|tmp/\w+)/"),
    "the address of a package index": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org"
        r"|--(extra-)?index-url\b(?! *\\$)|--find-links\b"
    ),
    "a rule waived without its name and a reason": re.compile(
        r"# (noqa|type: ignore)(?!(: |\[)[A-Za-z0-9, -]+\]? *(- |# )\w)"
    ),
    "a word of praise": re.compile(r"\b(robust|comprehensive|production-ready)\b", re.IGNORECASE),
}


def _refused_words(source: Source) -> list[str]:
    return [
        f"{source.path}:{number}: {kind}: {match.group()}"
        for number, line in enumerate(source.text.splitlines(), 1)
        for kind, pattern in _REFUSED.items()
        if (match := pattern.search(line))
    ]


def test_no_file_has_refused_words() -> None:
    sources = [source for source in text_sources() if source.path not in _EXEMPT]
    expect_none(fault for source in sources for fault in _refused_words(source))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("# TODO: later", "unfinished work"),
        ("path = '/root/x'", "a path of one machine"),
        ("cd /home/me/riostat", "a path of one machine"),
        ("https://pypi.org/simple", "the address of a package index"),
        ("--index-url https://example.org", "the address of a package index"),
        ("A robust tool.", "a word of praise"),
        ("x = 1  # noqa", "a rule waived without its name and a reason"),
        ("x = 1  # noqa: E501", "a rule waived without its name and a reason"),
        ("x = 1  # type: ignore[misc]", "a rule waived without its name and a reason"),
    ],
)
def test_the_checker_sees_a_refused_word(line: str, kind: str) -> None:
    (fault,) = _refused_words(Source(Path("a"), line))
    assert fault.startswith(f"a:1: {kind}: ")


@pytest.mark.parametrize(
    "line",
    [
        "f'/proc/{pid}/root/x'",
        "/proc/*/root/",
        "todo lists",
        "/usr/lib",
        "src/work/x",
        "x = 1  # noqa: E501, S101 - the ABI has it so",
        "x = 1  # type: ignore[misc]  # numba has no types",
    ],
)
def test_the_checker_leaves_other_words_alone(line: str) -> None:
    assert _refused_words(Source(Path("a"), line)) == []
