"""JATS articles for tests: written here word by word, or found in the shared data."""

import os
from pathlib import Path

import pytest

__all__ = ["article", "reference", "shared_articles"]

ROOT = Path(__file__).parents[2]
_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.2 20190208//EN"
  "JATS-publishing1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" article-type="research-article">
<front><journal-meta><journal-title-group><journal-title>Journal of Tests</journal-title>
</journal-title-group></journal-meta><article-meta>
<article-id pub-id-type="doi">{doi}</article-id>
<title-group><article-title>{title}</article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Tester</surname>
<given-names>Ann</given-names></name></contrib></contrib-group>
<pub-date><year>{year}</year></pub-date>
<permissions><license xlink:href="https://creativecommons.org/licenses/by/4.0/"/></permissions>
{front}</article-meta></front>
"""


def reference(number: int, *, doi: str = "", title: str = "", label: bool = True) -> str:
    """Return an entry of a list of references, by Author{number} in 2000 + number."""
    shown = f"<label>{number}</label>" if label else ""
    identifier = f'<pub-id pub-id-type="doi">{doi}</pub-id>' if doi else ""
    return (
        f'<ref id="B{number}">{shown}<element-citation><name><surname>Author{number}</surname>'
        f"</name><article-title>{title or f'Work number {number}'}</article-title>"
        f"<source>Journal of Works</source><year>{2000 + number}</year>{identifier}"
        "</element-citation></ref>"
    )


def article(
    body: str,
    *,
    references: str | int = 12,
    doi: str = "10.1234/test.1",
    title: str = "An article for tests",
    year: int = 2020,
    front: str = "",
    back: str = "",
) -> bytes:
    """Return a JATS article; `references` are entries, or how many to make."""
    if isinstance(references, int):
        references = "".join(reference(number) for number in range(1, references + 1))
    head = _HEAD.format(doi=doi, title=title, year=year, front=front)
    end = f"<back>{back}<ref-list>{references}</ref-list></back></article>"
    return f"{head}<body>{body}</body>{end}".encode()


def shared_articles() -> list[Path]:
    """Return the articles of the data beside the checkout; skips the test where there are none."""
    data = Path(os.environ.get("RIOSTAT_SHARED_DATA") or ROOT.parent / "shared" / "data")
    found = sorted((data / "citations" / "jats").rglob("*.*xml"))
    if not found:
        pytest.skip(f"there are no articles in {data / 'citations' / 'jats'}")
    return found
