"""riostat cite report, as its user runs it."""

import json
from pathlib import Path

from tests.citations.extractions import library
from tests.commands.cite.invoking import refusal, riostat


def test_a_report_in_json_and_in_words(tmp_path: Path) -> None:
    library(tmp_path / "articles", 30)
    riostat(tmp_path, "ingest", "articles")
    result = json.loads(riostat(tmp_path, "report", "10.1000/shared", "--json").stdout)
    assert result.keys() == {"work", "tally", "statements", "notices"}
    assert result["work"] == {
        "doi": "10.1000/shared", "title": "The work that everybody cites", "year": 2003,
        "journal": "Journal of Works",
    }  # fmt: skip
    counts = result["tally"]
    assert counts.keys() >= {"supporting", "contrasting", "mentioning", "abstained", "total"}
    assert counts.pop("total") == sum(counts.values()) == len(result["statements"]) == 30
    statement = result["statements"][0]
    assert statement["sentence"][statement["start"] : statement["end"]] == "3"
    assert (statement["previous"], statement["next"]) == ("Before it.", "After it.")
    assert statement["section"] == "results"
    assert statement["probabilities"].keys() == {"supporting", "contrasting", "mentioning"}
    assert statement["resolution"] == {"method": "doi", "score": 1.0}

    done = riostat(tmp_path, "report", "The work that everybody")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "The work that everybody cites",
        "10.1000/shared, 2003, Journal of Works",
    ]
    assert lines[2].endswith("30 total")
    assert len(lines) == 3 + 2 * 20
    assert ">>3<<]." in lines[4]
    assert done.stderr == "10 more; --limit shows them\n"
    assert riostat(tmp_path, "report", "10.1000/shared", "--limit", "0").stdout.count("\n") == 3


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    sentence = refusal(riostat(tmp_path, "report", "10.1000/a"))
    assert sentence.startswith("There is no citation index in ")
    library(tmp_path / "articles", 1)
    riostat(tmp_path, "ingest", "articles")
    assert refusal(riostat(tmp_path, "report", "10.1000/a")) == (
        "There is no work '10.1000/a' in the index; `riostat cite search` finds what is."
    )
