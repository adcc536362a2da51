"""JATS articles: what they say is found where it stands."""

from collections import Counter

import pytest
from lxml import etree

from riostat.citations.documents import Document, Notice
from riostat.citations.jats.reading import read_jats
from riostat.citations.statements import Statement, statements_of
from riostat.core.errors import DocumentError
from tests.citations.articles import article, reference, shared_articles


def cite(*numbers: int) -> str:
    return ", ".join(f'<xref ref-type="bibr" rid="B{n}">{n}</xref>' for n in numbers)


def statements(data: bytes) -> list[Statement]:
    return statements_of(read_jats(data, "test.xml"))


def test_the_front_matter() -> None:
    related = (
        '<related-article related-article-type="corrected-article" '
        'xlink:href="info:doi/10.1234/OTHER"/>'
    )
    document = read_jats(article("<p>x</p>", front=related), "test.xml")
    assert document.doi == "10.1234/test.1"
    assert document.title == "An article for tests"
    assert (document.year, document.journal) == (2020, "Journal of Tests")
    assert document.authors == ("Tester, Ann",)
    assert document.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert document.kind == "research-article"
    assert document.notices == (Notice("correction", "10.1234/other"),)


def test_a_reference_and_its_parts() -> None:
    data = article("<p>x</p>", references=reference(3, doi="https://doi.org/10.1/A"))
    (entry,) = read_jats(data, "test.xml").references
    assert (entry.id, entry.number, entry.author, entry.year) == ("B3", 3, "Author3", 2003)
    assert (entry.title, entry.venue) == ("Work number 3", "Journal of Works")
    assert entry.doi is None  # 10.1 is no prefix that a DOI has
    data = article("<p>x</p>", references=reference(3, doi="10.1000/A"))
    assert read_jats(data, "test.xml").references[0].doi == "10.1000/a"


def test_numbers_are_places_where_there_are_no_labels() -> None:
    references = "".join(reference(n, label=False) for n in (7, 5, 9))
    data = article(f"<p>Seen [{cite(7)}-{cite(9)}].</p>", references=references)
    document = read_jats(data, "test.xml")
    assert [entry.number for entry in document.references] == [1, 2, 3]


def test_a_sentence_with_several_targets_gives_each_its_own_offsets() -> None:
    text = f"First. Seen [{cite(1)}]\n and\t[{cite(2, 3)}]. Last."
    body = f"<sec><title>Results</title><p>{text}</p></sec>"
    found = statements(article(body))
    assert [s.reference for s in found] == ["B1", "B2", "B3"]
    assert {s.sentence for s in found} == {"Seen [1] and [2, 3]."}
    assert [s.sentence[s.start : s.end] for s in found] == ["1", "2", "3"]
    assert found[0].others == ((14, 15), (17, 18))
    assert {(s.previous, s.next, s.section, s.heading) for s in found} == {
        ("First.", "Last.", "results", "Results")
    }


def test_author_and_year_with_markup_entities_and_broken_lines() -> None:
    body = (
        '<p>It was <italic>seen</italic> (<xref ref-type="bibr" rid="B2">Ma&#x00F1;a\n  '
        "<italic>et al</italic>., 2002</xref>) in&nbsp;mice.</p>"
    )
    (found,) = statements(article(body))
    assert found.sentence == "It was seen (Maña et al., 2002) in mice."
    assert found.sentence[found.start : found.end] == "Maña et al., 2002"


def test_superscripts_belong_to_the_sentence_before_them() -> None:
    marks = (
        '<sup><xref ref-type="bibr" rid="B3">3</xref>–<xref ref-type="bibr" rid="B5">5</xref></sup>'
    )
    found = statements(article(f"<p>It was shown.{marks} We agree.</p>"))
    assert [s.reference for s in found] == ["B3", "B4", "B5"]
    assert {s.sentence for s in found} == {"It was shown.3–5"}
    assert found[1].sentence[found[1].start : found[1].end] == "3–5"
    assert found[1].others == ((13, 14), (15, 16))


def test_places_outside_the_text() -> None:
    caption = f"<caption><title>Of {cite(1)}.</title><p>By {cite(2)}.</p></caption>"
    figure = f"<fig><label>1</label>{caption}</fig>"
    table = (
        f"<table-wrap><caption><p>From {cite(3)}.</p></caption><table><tr><td>a</td>"
        f"<td>b {cite(4)}</td></tr></table><table-wrap-foot><fn><p>See {cite(5)}.</p></fn>"
        "</table-wrap-foot></table-wrap>"
    )
    box = f"<boxed-text><title>Box</title><p>A box {cite(6)}.</p></boxed-text>"
    body = f"<sec><title>Methods</title><p>Text {cite(7)}{figure} goes on{table}.</p>{box}</sec>"
    back = (
        f"<ack><p>Thanks {cite(8)}.</p></ack><fn-group><fn><p>Note {cite(9)}.</p></fn></fn-group>"
        f"<app-group><app><title>More</title><p>App {cite(10)}.</p></app></app-group>"
    )
    front = f"<abstract><p>Abstract {cite(11)}.</p></abstract>"
    found = {s.reference: s for s in statements(article(body, back=back, front=front))}
    places = {reference: s.place for reference, s in found.items()}
    assert places == {
        "B1": "caption", "B2": "caption", "B3": "caption", "B4": "table", "B5": "footnote",
        "B6": "box", "B7": "text", "B8": "text", "B9": "footnote", "B10": "appendix",
        "B11": "abstract",
    }  # fmt: skip
    assert found["B7"].sentence == "Text 7 goes on ."
    assert found["B4"].sentence == "a | b 4"
    assert {found[f"B{n}"].section for n in range(1, 8)} == {"methods"}
    assert found["B11"].section == "abstract"


def test_a_list_in_a_paragraph_makes_paragraphs_of_its_own() -> None:
    item, bare = f"<list-item><p>One {cite(2)}.</p></list-item>", f"Two {cite(3)}."
    items = f"<list>{item}<list-item>{bare}</list-item></list>"
    found = statements(article(f"<p>There are {cite(1)}: {items} And more {cite(4)}.</p>"))
    assert [s.sentence for s in found] == ["There are 1:", "One 2.", "Two 3.", "And more 4."]
    assert all(s.previous is s.next is None for s in found)


def test_a_sub_article_counts_by_its_own_list() -> None:
    own = "<ref-list><ref id='C1'/><ref id='C2'/><ref id='C3'/></ref-list>"
    reply = (
        '<p>Reply <xref ref-type="bibr" rid="C1">1</xref>-'
        f'<xref ref-type="bibr" rid="C3">3</xref>, {cite(2)}.</p>'
    )
    sub = f"<sub-article><body>{reply}</body><back>{own}</back></sub-article>"
    data = article(f"<p>Text [{cite(1)}-{cite(3)}].</p>").replace(
        b"</article>", sub.encode() + b"</article>"
    )
    assert [s.reference for s in statements(data)] == ["B1", "B2", "B3", "C1", "C2", "C3", "B2"]


def test_markers_of_unknown_references_are_counted() -> None:
    document = read_jats(article('<p>See <xref ref-type="bibr" rid="Z1">99</xref>.</p>'), "a.xml")
    assert document.dangling == 1
    assert statements_of(document) == []


def test_formulae_leave_a_word() -> None:
    math = (
        '<inline-formula><alternatives><inline-graphic xlink:href="e1"/><mml:math '
        'xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi><mml:mo>=</mml:mo>'
        "<mml:mn>1</mml:mn></mml:math></alternatives></inline-formula>"
    )
    body = f"<p>With {math} and <inline-formula><graphic/></inline-formula> by {cite(1)}.</p>"
    (found,) = statements(article(body))
    assert found.sentence == "With x=1 and [formula] by 1."


def test_a_namespace_or_a_wrapper_makes_no_difference() -> None:
    data = article(f"<p>Seen {cite(1)}.</p>")
    spaced = data.replace(b"<article ", b'<article xmlns="http://jats.nlm.nih.gov" ')
    wrapped = data.replace(b"<article ", b"<pmc-articleset><article ") + b"</pmc-articleset>"
    wanted = [s.sentence for s in statements(data)]
    assert [s.sentence for s in statements(spaced)] == wanted
    assert [s.sentence for s in statements(wrapped)] == wanted


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = (
        article(f"<p>Größe {cite(1)}.</p>")
        .decode()
        .replace('encoding="utf-8"', f'encoding="{encoding}"')
    )
    (found,) = statements(text.encode(encoding))
    assert found.sentence == "Größe 1."


def _body_markers(data: bytes, document: Document) -> Counter[tuple[str, str]]:
    """What the file marks in its bodies, counted without the code that is tested."""
    known = {reference.id for reference in document.references}
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    return Counter(
        (rid, " ".join("".join(mark.itertext()).split()))
        for mark in root.iterfind('.//body//xref[@ref-type="bibr"]')
        for rid in mark.get("rid").split()
        if rid in known
    )


def test_the_shared_articles_give_a_statement_for_each_marker() -> None:
    marked = reached = 0
    for path in shared_articles():
        data = path.read_bytes()
        document = read_jats(data, path.name)
        found = statements_of(document)
        have = Counter((s.reference, s.sentence[s.start : s.end]) for s in found)
        cited = {s.reference for s in found}
        for (rid, text), count in _body_markers(data, document).items():
            marked += count
            reached += min(count, have[rid, text]) if text else count * (rid in cited)
        for s in found:
            assert s.sentence[s.start : s.end] == s.sentence[s.start : s.end].strip()
            assert s.sentence == " ".join(s.sentence.split())
            assert (s.start, s.end) not in s.others
    print(f"{reached} of {marked} markers of the bodies reach a statement")  # noqa: T201 - the figure asked for
    assert reached >= 0.98 * marked > 0


def test_what_is_no_article_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"test\.xml is not JATS: it has no <article>.*<html>"):
        read_jats(b"<html/>", "test.xml")
    with pytest.raises(DocumentError, match="is not XML that can be read"):
        read_jats(b"no xml", "test.xml")
