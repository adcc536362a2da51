"""A library with works, statements and a verdict, and a console that shows it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from riostat.citations.classifying import classify_index
from riostat.citations.index import CitationIndex
from riostat.citations.search import StatementSearch
from riostat.claims.catalogue import CLAIMS
from riostat.claims.claim import Claim, Measurement
from riostat.claims.verdicts import Verdicts, verdict_of
from riostat.core.datadir import DataDirectory
from tests.citations.articles import article, reference
from tests.citations.extractions import CLASSIFIER, add, cite
from tests.console.serving import RunningConsole, new_console

ARTICLES = 30
EVIL_DOI = "10.1000/up/../../x"
EVIL_TITLE = "A <script>alert(1)</script> title & more of it"
CLAIM = next(claim for claim in CLAIMS if claim.source.doi)
"""One whose source is cited here."""


def _stock(index: CitationIndex, claim: Claim) -> None:
    for number in range(ARTICLES):
        references = (
            reference(1, doi=claim.source.doi, title="A title that its DOI overrules entirely")
            + reference(2, title="A work that has no DOI but a title that is long enough")
            + reference(3, doi=EVIL_DOI, title="The other <b>work</b> with a hostile identifier")
        )
        body = (
            f"<sec><title>Results</title><p>Before & it. Trial {number} of queues agrees with it "
            f"{cite(1)}, {cite(3)}. After it.</p></sec>"
            f"<sec><title>Introduction</title><p>Others {cite(2)} differ & more.</p></sec>"
        ).replace(" & ", " &amp; ")
        title = EVIL_TITLE if number == 0 else f"Article number {number} of a library of them"
        add(
            index,
            article(
                body,
                references=references.replace("<b>work</b>", "&lt;b&gt;work&lt;/b&gt;"),
                doi=f"10.1000/article.{number}",
                title=title.replace("&", "&amp;").replace("<", "&lt;"),
                year=1990 + number,
            ),
        )
    index.catch_up()
    classify_index(index, CLASSIFIER, lambda _: None)
    StatementSearch(index).catch_up(lambda _: None)


@pytest.fixture(scope="session")
def stocked_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory: 30 articles that cite the same three works, and a verdict on a claim."""
    data = DataDirectory(tmp_path_factory.mktemp("library"))
    data.make()
    with CitationIndex.open(data.citations, create=True) as index:
        _stock(index, CLAIM)
    measurement = Measurement(0.001, 0.0005, 0.002)
    verdict = verdict_of(CLAIM, measurement, quick=True, measured_at=0, run="a run/of it")
    Verdicts(data.claims).keep(verdict)
    return data.root


@pytest.fixture
def index(stocked_library: Path) -> Iterator[CitationIndex]:
    with CitationIndex.open(DataDirectory(stocked_library).citations) as opened:
        yield opened


@pytest.fixture(scope="session")
def library_console(stocked_library: Path) -> Iterator[RunningConsole]:
    with new_console(stocked_library) as running:
        yield running


@pytest.fixture
def reader(library_console: RunningConsole) -> Iterator[httpx2.Client]:
    """A client of the console over the library."""
    with library_console.client() as opened:
        yield opened


@pytest.fixture(scope="session")
def empty_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    data = tmp_path_factory.mktemp("empty")
    DataDirectory(data).make()
    with new_console(data) as running:
        yield running
