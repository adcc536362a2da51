"""Documents in an index, made from articles that are written here."""

from pathlib import Path

import numpy as np

from riostat.citations.archives import SourceFile
from riostat.citations.classification import Classifier
from riostat.citations.cues import COUNT
from riostat.citations.features import BUCKETS, FINGERPRINT
from riostat.citations.index import CitationIndex, Extraction
from riostat.citations.modelfile import Header, Model
from riostat.citations.readers import extract
from tests.citations.articles import article, reference

__all__ = ["CLASSIFIER", "add", "cite", "extraction", "library", "opened"]

CLASSIFIER = Classifier(
    Model(
        header=Header(
            name="for tests",
            features=FINGERPRINT,
            scale=1.0,
            bias=(0.0, 0.0, 1.0),
            confidence=(0.0, 0.0, 0.0),
            prevalence=(0.03, 0.01, 0.96),
            statements=(1, 1, 1),
            documents=1,
        ),
        ngrams=np.random.default_rng(1).standard_normal((BUCKETS, 3), np.float32),
        cues=np.zeros((COUNT, 3), np.float32),
    )
)
"""One whose weights are drawn by lot: its labels mean nothing, but are always the same."""


def cite(*numbers: int) -> str:
    """Return markers of these references."""
    return ", ".join(f'<xref ref-type="bibr" rid="B{n}">{n}</xref>' for n in numbers)


def extraction(data: bytes, name: str = "a.xml") -> Extraction:
    """Return what is in an article."""
    found = extract(SourceFile(name, data))
    assert isinstance(found, Extraction)
    return found


def add(index: CitationIndex, data: bytes) -> bool:
    """Add an article in a transaction of its own."""
    with index.transaction():
        return index.add(extraction(data))


def opened(folder: Path) -> CitationIndex:
    """Return a new index below a folder."""
    return CitationIndex.open(folder / "citations", create=True)


def library(folder: Path, count: int) -> list[Path]:
    """Write articles that cite one another and the same other works."""
    folder.mkdir()
    paths = []
    for number in range(count):
        references = (
            reference(1, doi=f"10.1000/article.{(number + 1) % count}", title="Of no importance")
            + reference(2, title="A work that has no DOI but a title that is long enough")
            + reference(3, doi="10.1000/shared", title="The work that everybody cites")
        )
        body = (
            f"<sec><title>Results</title><p>Before it. Trial {number} agrees with it "
            f"[{cite(1)}-{cite(3)}]. After it.</p><p>Others {cite(2)} differ.</p></sec>"
        )
        path = folder / f"{number:04}.xml"
        path.write_bytes(
            article(
                body,
                references=references,
                doi=f"10.1000/article.{number}",
                title=f"Article number {number} of a library of them",
                year=2000 + number % 20,
            )
        )
        paths.append(path)
    return paths
