"""Documents from files."""

from pathlib import Path

import pytest

from riostat.citations.documentfile import DOCUMENT_SUFFIXES, load_document, parse_document
from riostat.core.errors import DocumentError
from tests.citations.articles import article


@pytest.mark.parametrize("suffix", DOCUMENT_SUFFIXES)
def test_jats_is_known_by_its_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix.upper()}"
    path.write_bytes(article("<p>x</p>"))
    assert load_document(path).title == "An article for tests"


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.pdf is of no format that is read"):
        parse_document(b"%PDF", "a.pdf")
    with pytest.raises(DocumentError, match="cannot be read \\(No such file"):
        load_document(tmp_path / "a.xml")
    with pytest.raises(DocumentError, match="cannot be read \\(Is a directory"):
        load_document(tmp_path)
