"""riostat cite extract, as its user runs it."""

import json
from pathlib import Path

from tests.citations.articles import article
from tests.commands.cite.invoking import refusal, riostat

BODY = '<p>Before. It was shown [<xref ref-type="bibr" rid="B1">1</xref>].</p>'


def test_statements_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(article(BODY))
    result = json.loads(riostat(tmp_path, "extract", "a.xml", "--json").stdout)
    assert result["document"]["doi"] == "10.1234/test.1"
    assert result["references"][0] == {"id": "B1", "doi": None, "title": "Work number 1"}
    (statement,) = result["statements"]
    assert statement.keys() >= {
        "id", "reference", "sentence", "start", "end", "previous", "next", "section",
    }  # fmt: skip
    assert statement["sentence"][statement["start"] : statement["end"]] == "1"
    assert (statement["previous"], statement["next"]) == ("Before.", None)


def test_statements_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(article(BODY.replace("shown", "shown&#x202e;")))
    done = riostat(tmp_path, "extract", "a.xml")
    assert done.stdout == ("s1 [other] Work number 1\n    It was shown\\u202e [>>1<<].\n")
    assert done.stderr == "1 statements, 12 references in An article for tests\n"


def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<article>")
    sentence = refusal(riostat(tmp_path, "extract", "a.xml"))
    assert sentence.startswith("The document a.xml is not XML that can be read (")
