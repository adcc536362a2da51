"""riostat cite search, as its user runs it."""

import json
import shutil
from pathlib import Path

import pytest
import tantivy

from tests.citations.extractions import library
from tests.commands.cite.invoking import refusal, riostat


def test_statements_are_found_by_words_and_filters(tmp_path: Path) -> None:
    library(tmp_path / "articles", 4)
    riostat(tmp_path, "ingest", "articles")
    arguments = ("agreeing", "trials", "--year", "2001..2002", "--author", "Tester", "--json")
    result = json.loads(riostat(tmp_path, "search", *arguments, "--section", "results").stdout)
    assert result["total"] == len(result["statements"]) == 6
    assert {statement["citing"]["year"] for statement in result["statements"]} == {2001, 2002}
    done = riostat(tmp_path, "search", '"trial 3"', "--journal", "tests", "--limit", "2")
    assert done.stderr == "2 of 3 statements\n"
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].endswith("Article number 3 of a library of them (2003) 10.1000/article.3")
    assert lines[2].startswith("    cites ")
    shutil.rmtree(tmp_path / "citations" / "text")
    assert riostat(tmp_path, "search", "nothing").stderr == "0 of 0 statements\n"
    assert riostat(tmp_path, "search", "trial").stderr == "12 of 12 statements\n"


@pytest.mark.parametrize("year", ["x", "2010..x", "2012..2010", "-1", "..."])
def test_what_is_no_span_of_years_is_wrong_usage(tmp_path: Path, year: str) -> None:
    done = riostat(tmp_path, "search", "a", f"--year={year}")
    assert done.returncode == 2
    assert "is no" in done.stderr


def test_while_another_process_writes_the_text_what_it_has_is_searched(tmp_path: Path) -> None:
    (first, second) = library(tmp_path / "articles", 2)
    riostat(tmp_path, "ingest", str(first))
    writer = tantivy.Index.open(str(tmp_path / "citations" / "text")).writer(15_000_000, 1)
    done = riostat(tmp_path, "ingest", str(second))
    assert done.returncode == 1
    assert "is being written by another process" in done.stderr
    assert riostat(tmp_path, "search", "trial").stderr == (
        "riostat: The full-text index is being written by another process; wait until that has "
        "ended. Searched is what it has by now.\n3 of 3 statements\n"
    )
    writer.wait_merging_threads()
    assert riostat(tmp_path, "search", "trial").stderr == "6 of 6 statements\n"


def test_there_must_be_an_index(tmp_path: Path) -> None:
    assert "`riostat cite ingest PATH` makes one." in refusal(riostat(tmp_path, "search", "a"))
