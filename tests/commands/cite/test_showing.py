"""A statement as it is printed."""

from dataclasses import replace

from riostat.citations.reports import CitedStatement, Work
from riostat.commands.cite.showing import as_json, as_lines

STATEMENT = CitedStatement(
    id=1,
    sentence="Shown [3].",
    start=6,
    end=9,
    previous=None,
    next=None,
    section="results",
    heading="Results",
    place="text",
    label="supporting",
    abstained=False,
    probabilities=(0.7, 0.1, 0.2),
    method="doi",
    score=1.0,
    citing=Work(1, None, "Citing\x1b[0m", 2001, ""),
    cited=Work(2, "10.1000/a", "", None, ""),
)


def test_the_marker_is_marked_and_nothing_steers_the_terminal() -> None:
    assert as_lines(STATEMENT, with_cited=True) == [
        "[supporting, results] Citing\\x1b[0m (2001)",
        "    Shown >>[3]<<.",
        "    cites untitled 10.1000/a",
    ]


def test_what_is_uncertain_is_said_to_be() -> None:
    abstained = as_lines(replace(STATEMENT, abstained=True), with_cited=False)
    assert abstained[0].startswith("[perhaps supporting, results]")
    unknown = as_lines(replace(STATEMENT, label=None), with_cited=False)
    assert unknown[0].startswith("[unclassified, results]")


def test_json_has_probabilities_by_name_or_none() -> None:
    names = {"supporting": 0.7, "contrasting": 0.1, "mentioning": 0.2}
    assert as_json(STATEMENT)["probabilities"] == names
    assert as_json(replace(STATEMENT, probabilities=None))["probabilities"] is None
