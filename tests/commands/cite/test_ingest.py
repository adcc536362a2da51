"""riostat cite ingest, as its user runs it."""

import json
import tarfile
from pathlib import Path

from riostat.citations.classification import Classifier
from riostat.citations.ingestion import LIBRARY
from tests.citations.extractions import library
from tests.commands.cite.invoking import refusal, riostat


def test_an_ingest_says_what_it_did(tmp_path: Path) -> None:
    library(tmp_path / "articles", 3)
    (tmp_path / "articles" / "bad.xml").write_text("<!DOCTYPE a [<!ENTITY b 'c'>]><article/>")
    done = riostat(tmp_path, "ingest", "articles", "--jobs", "1", "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    (sentence,) = result.pop("refusals")
    assert "bad.xml declares entities of its own" in sentence
    assert result == {
        "added": 3, "known": 0, "refused": 1, "references": 9, "statements": 12,
        "model": Classifier.load().version,
    }  # fmt: skip
    assert done.stderr == f"riostat: {sentence}\n"
    again = riostat(tmp_path, "ingest", "articles")
    assert again.stdout == ""
    assert again.stderr.splitlines()[-1] == (
        "0 documents added, 3 known, 1 refused; 0 references, 0 statements"
    )


def test_an_ingest_of_which_nothing_was_read_has_failed(tmp_path: Path) -> None:
    done = riostat(tmp_path, "ingest", "nowhere")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "riostat: There is no file or folder nowhere; give a path that is there."
    )


def test_without_a_path_the_notes_that_come_with_riostat_are_read(tmp_path: Path) -> None:
    result = json.loads(riostat(tmp_path, "ingest", "--json").stdout)
    assert result["refused"] == 0
    assert result["added"] == len(list(LIBRARY.glob("*.xml"))) > 0
    assert result["statements"] > result["added"]


def test_archives_are_read(tmp_path: Path) -> None:
    library(tmp_path / "articles", 3)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "articles", "x")
    assert json.loads(riostat(tmp_path, "ingest", "a.tar.gz", "--json").stdout)["added"] == 3


def test_an_index_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "citations").write_text("a file")
    assert "choose another place" in refusal(riostat(tmp_path, "ingest", "a.xml"))
