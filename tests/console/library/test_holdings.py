"""How much the library holds and how many claims were measured."""

from collections.abc import Callable
from pathlib import Path

from riostat.citations.index import CitationIndex
from riostat.citations.schema import DATABASE_NAME
from riostat.claims.catalogue import CLAIMS
from riostat.claims.verdicts import Verdicts, verdict_of
from riostat.console.library.holdings import HoldingsSight
from riostat.console.library.reading import Library
from riostat.console.measurements import Measurements
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from tests.citations.articles import article
from tests.citations.extractions import add, cite
from tests.console.library.conftest import ARTICLES


def sight(data: Path, problem: Callable[[], str | None] | None = None) -> HoldingsSight:
    directory = DataDirectory(data)
    claims = Measurements(directory, SYSTEM_CLOCK).claims
    return HoldingsSight(Library(directory.citations), directory.claims, claims, problem)


def test_it_counts(stocked_library: Path) -> None:
    seen = sight(stocked_library).look()
    assert (seen.library.state, seen.library.documents) == ("ready", ARTICLES)
    assert (seen.library.works, seen.library.statements) == (3, 3 * ARTICLES)
    (verdict,) = Verdicts(DataDirectory(stocked_library).claims).last().values()
    assert (seen.claims.claims, seen.claims.verdicts) == (len(CLAIMS), {verdict.verdict: 1})


def test_what_comes_is_counted_and_what_stays_is_not(tmp_path: Path) -> None:
    asked = []
    looking = sight(tmp_path, lambda: asked.append(1))
    assert looking.look().library.state == "starting"
    citations = DataDirectory(tmp_path).citations
    with CitationIndex.open(citations, create=True) as index:
        assert looking.look().library.state == "starting"
        add(index, article(f"<p>It agrees {cite(1)}.</p>"))
        index.catch_up()
        assert looking.look().library.statements == 1
    looking.look()
    seen = looking.look()
    assert seen.library is looking.look().library, "counted though nothing has changed"
    claim = CLAIMS[0]
    Verdicts(DataDirectory(tmp_path).claims).keep(
        verdict_of(claim, None, missing=["No."], quick=True, measured_at=0)
    )
    assert looking.look().claims.verdicts == {"not measurable here": 1}


def test_what_fails_says_why(tmp_path: Path) -> None:
    failed = sight(tmp_path, lambda: "No room.").look().library
    assert (failed.state, failed.reason) == ("failed", "No room.")
    assert sight(tmp_path).look().library.state == "empty"
    citations = DataDirectory(tmp_path).citations
    citations.mkdir(parents=True)
    (citations / DATABASE_NAME).write_bytes(b"no database" * 1000)
    broken = sight(tmp_path).look().library
    assert broken.state == "failed"
    assert broken.reason is not None
    assert "cannot be used" in broken.reason


def test_what_is_there_is_shown_though_the_ingest_fails(stocked_library: Path) -> None:
    seen = sight(stocked_library, lambda: "The disk is full.").look().library
    assert (seen.state, seen.reason) == ("ready", "The disk is full.")
