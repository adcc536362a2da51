"""The JSON of the library."""

import httpx2

from tests.console.library.conftest import ARTICLES, CLAIM


def test_tallies_of_a_doi(reader: httpx2.Client) -> None:
    answer = reader.get(f"/api/cite/tallies/{CLAIM.source.doi}").json()
    assert answer["work"]["doi"] == CLAIM.source.doi
    tally = answer["tally"]
    assert tally["total"] == ARTICLES == sum(tally.values()) - tally["total"]


def test_a_work_with_its_statements_page_by_page(reader: httpx2.Client) -> None:
    address = f"/api/cite/works/{CLAIM.source.doi}"
    whole = reader.get(address).json()
    assert whole["found"] == len(whole["statements"]) == ARTICLES
    for one in whole["statements"]:
        assert one["sentence"][one["start"] : one["end"]] == "1"
        assert one["cited"]["doi"] == CLAIM.source.doi
        assert set(one["probabilities"]) == {"supporting", "contrasting", "mentioning"}
    parts = [reader.get(f"{address}?limit=7&offset={n}").json() for n in range(0, ARTICLES, 7)]
    assert [one for part in parts for one in part["statements"]] == whole["statements"]
    assert reader.get(f"{address}?section=methods").json()["found"] == 0
    (claim,) = (row for row in whole["measured"] if row["id"] == CLAIM.id)
    assert (claim["low"], claim["value"], claim["high"]) == (0.0005, 0.001, 0.002)
    assert reader.get(f"{address}?limit=0").status_code == 400


def test_a_search_finds_works_and_statements(reader: httpx2.Client) -> None:
    answer = reader.get("/api/cite/search?q=queues&limit=5&section=results").json()
    assert (answer["found"], len(answer["statements"])) == (2 * ARTICLES, 5)
    assert answer["works"] == []
    answer = reader.get("/api/cite/search?q=overrules").json()
    assert [row["work"]["doi"] for row in answer["works"]] == [CLAIM.source.doi]


def test_the_api_is_described(reader: httpx2.Client) -> None:
    paths = reader.get("/api").json()["paths"]
    assert {"/api/cite/tallies/{name}", "/api/cite/works/{name}", "/api/cite/search"} <= set(paths)
    names = [p["name"] for p in paths["/api/cite/search"]["get"]["parameters"]]
    assert names == ["q", "label", "section", "from", "to", "limit", "offset"]
