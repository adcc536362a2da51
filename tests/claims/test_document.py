"""Reports in every form, read by what reads such forms."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from riostat.claims.catalogue import CLAIMS
from riostat.claims.claim import Measurement
from riostat.claims.document import FORMATS, document, measured
from riostat.claims.verdicts import verdict_of
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.manifest import new_manifest
from tests.claims.claims import made

MACHINE = new_manifest("test", command=(), clock=SYSTEM_CLOCK).machine
VERDICT = verdict_of(
    made(), Measurement(4, 3.5, 4.5, {"a & b": 2.0}), run="run-1", quick=True, measured_at=10**18
)


def _written(form: str) -> str:
    return document([made(), *CLAIMS], {"made-claim": VERDICT}, MACHINE, form)


@pytest.mark.parametrize("form", FORMATS)
def test_every_claim_is_there_with_its_verdict(form: str) -> None:
    text = _written(form)
    for claim in CLAIMS:
        assert claim.id in text
    assert "consistent" in text
    assert "4 (3.5 to 4.5) units" in text
    assert "measured yet" in text


def test_jats_cites_each_source_where_it_speaks_of_it() -> None:
    article = ET.fromstring(_written("jats"))
    references = {ref.get("id"): ref for ref in article.iter("ref")}
    assert len(references) == len({claim.source for claim in CLAIMS}) + 1
    for section, claim in zip(article.iter("sec"), [made(), *CLAIMS], strict=True):
        (xref,) = section.iter("xref")
        title = references[xref.get("rid")].find(".//article-title")
        assert title is not None
        assert title.text == claim.source.title


def test_html_holds_no_mark_of_a_text() -> None:
    cells: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            cells.append(data)

    Reader().feed(_written("html"))
    assert "By measuring < more." in "".join(cells)
    assert "A. Author & B. <Author>: " in "".join(cells)


def test_what_is_missing_stands_in_place_of_a_value() -> None:
    verdict = verdict_of(made(), None, missing=["No disk.", "No net."], quick=True, measured_at=0)
    assert measured(verdict) == "No disk. No net."
