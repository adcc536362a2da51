"""Documents from hostile hands: read, or refused in a sentence, in little memory.

What is mutated is an article with everything that the reader knows: ranges, tables, boxes,
formulae, sub-articles, entities. Half of the mutations are made to its bytes, most of which are
no XML any more, and half to its tree.
"""

import copy
import random
import resource
import secrets
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from riostat.citations.documents import Document
from riostat.citations.jats.reading import FILE_BYTES_MAX, read_jats
from riostat.citations.sections import SECTIONS
from riostat.citations.statements import statements_of
from riostat.core.errors import DocumentError
from tests.citations.articles import article
from tests.citations.extractions import cite, library
from tests.commands.cite.invoking import riostat

_MUTATIONS = 10_000
_BATCHES = 4
_GROWTH_KIB_MAX = 256 << 10

_BODY = f"""
<sec sec-type="intro"><title>Introduction <xref ref-type="bibr" rid="B1">1</xref></title>
<p>Shown [{cite(1)}-{cite(3)}], <sup>{cite(4)}</sup> and by <italic>Doe et al.</italic>
(<xref ref-type="bibr" rid="B5 B6">2005, 2006</xref>). See&nbsp;Fig. 2.{cite(7)} Next.</p>
<fig><label>1</label><caption><title>Of {cite(8)}.</title><p>By {cite(9)}</p></caption></fig></sec>
<sec><title>Results</title><p>With <inline-formula><mml:math
xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi></mml:math></inline-formula>
<list><list-item><p>One {cite(10)}</p></list-item></list> after <fn><p>Note {cite(11)}.</p></fn></p>
<table-wrap><table><tr><td>a</td><td>{cite(12)}</td></tr></table></table-wrap>
<boxed-text><p>Box <xref ref-type="bibr" rid="B2"/>-{cite(3)}.</p></boxed-text></sec>
"""
_TAIL = (
    '<sub-article><body><p>Reply <xref rid="C1">1</xref></p></body><back><ref-list>'
    '<ref id="C1"><mixed-citation>Doe 1999 doi:10.1000/c</mixed-citation></ref></ref-list></back>'
    "</sub-article></article>"
)
SOUND = article(_BODY).replace(b"</article>", _TAIL.encode())
_PIECES = [
    b"<", b">", b"</p>", b"<p>", b"<sec>", b"<xref", b'rid="', b"&", b"&#0;", b"&#x202e;", b"&x;",
    b"]]>", b"<![CDATA[", b"<!--", b"<?x?>", b'"', b"\0", b"\xff\xfe", b"\xc3", b" - ", b"[1-9999]",
    b"[1,2-4]", b"99999999999999999999", b"<ref id='B1'/>", b"<tr><td/></tr>", b"(" * 50,
    b"A. " * 50, b'xmlns="x"', b"<xi:include href='/etc/passwd'/>", b"<p/>" * 20, b"\xe2\x80\x93",
]  # fmt: skip

_TEXTS = ("", " ", "1", "3-7", "[2, 4-6]", "A. B", "Fig. 2. (", "—", "2005", ")", "al. " * 9, None)


def _mutated(draw: random.Random) -> bytes:
    data = bytearray(SOUND)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        at, kind = draw.randrange(len(data)), draw.randrange(5)
        length = draw.choice((1, 3, 30, 300))
        if kind == 0:
            data[at] = draw.randrange(256)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = draw.choice(_PIECES)
        elif kind == 3:
            source = draw.randrange(len(data))
            data[at:at] = data[source : source + length]
        else:
            # Swaps whole tags, after which much is still well-formed.
            first, second = data.find(b"<", at), data.rfind(b"<", 0, at)
            if 0 < second < first:
                data[second:first], data[first:first] = b"", data[second:first]
    return bytes(data)


def _mutated_tree(draw: random.Random) -> bytes:
    """An article that is still XML."""
    root = etree.fromstring(SOUND.replace(b"&nbsp;", b" "))
    for _ in range(draw.choice((1, 2, 5, 20))):
        elements = list(root.iter())
        element, other = draw.choice(elements), draw.choice(elements)
        kind = draw.randrange(6)
        if kind == 0:
            element.tag = other.tag
        elif kind == 1 and element is not root:
            element.getparent().remove(element)
        elif kind == 2:
            element.text = draw.choice(_TEXTS)
        elif kind == 3:
            element.tail = draw.choice(_TEXTS) if element is not root else None
        elif kind == 4:
            name = draw.choice(("rid", "id", "ref-type", "sec-type", "pub-id-type"))
            element.set(
                name, draw.choice(("B1", "B3 B4", "bibr", "", "C1", "doi", "intro|results"))
            )
        elif not {other, *other.iterancestors()} & {element}:
            other.append(copy.deepcopy(element) if len(elements) < 2000 else element)
    data: bytes = etree.tostring(root)
    return data


def _check(document: Document) -> int:
    found = statements_of(document)
    known = {reference.id for reference in document.references}
    for statement in found:
        sentence = statement.sentence
        assert statement.reference in known
        assert statement.section in SECTIONS
        assert sentence.strip() == sentence
        assert 0 <= statement.start <= statement.end <= len(sentence)
        marker = sentence[statement.start : statement.end]
        assert marker == marker.strip()
        for start, end in statement.others:
            assert 0 <= start <= end <= len(sentence)
        assert len(statement.hash) == 32
    return len(found)


def _attack(seeds: range) -> tuple[int, int]:
    refused = statements = 0
    sentence = "."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        mutate = _mutated if seed % 2 else _mutated_tree
        try:
            statements += _check(read_jats(mutate(random.Random(seed)), "a.xml"))
        except DocumentError as error:
            refused += 1
            sentence = str(error)
        except Exception as error:
            error.add_note(f"the seed was {seed}")
            raise
        assert sentence.endswith("."), seed
        assert sentence.isprintable(), seed
        assert len(sentence) < 400, seed
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _GROWTH_KIB_MAX
    return refused, statements


@pytest.mark.parametrize("batch", range(_BATCHES))
def test_ten_thousand_mutated_articles(batch: int) -> None:
    count = _MUTATIONS // _BATCHES
    refused, statements = _attack(range(batch * count, (batch + 1) * count))
    assert count / 10 < refused < count / 2
    assert statements > count


@pytest.mark.soak
@pytest.mark.timeout(14400)
def test_many_more_mutated_articles() -> None:
    first = secrets.randbits(48)
    _attack(range(first, first + 100 * _MUTATIONS))


def _declaring(entities: str, use: str) -> bytes:
    return f"<!DOCTYPE article [{entities}]><article><body><p>{use}</p></body></article>".encode()


_LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
)
HOSTILE = {
    "an entity bomb": _declaring(_LAUGHS, "&l9;"),
    "an entity bomb in an attribute": _declaring(_LAUGHS, "<xref rid='&l9;'/>"),
    "a quadratic bomb": _declaring(f'<!ENTITY a "{"a" * 100_000}">', "&a;" * 10_000),
    "an external entity": _declaring('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
    "a parameter entity": _declaring('<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;', "x"),
    "an unused entity": _declaring('<!ENTITY a "b">', "x"),
    "an unknown entity": b"<article><body><p>&nowhere;</p></body></article>",
    "an open element": b"<article><body><p>",
    "nothing": b"",
    "zeros": bytes(1000),
    "another format": b"%PDF-1.4",
    "wrong UTF-8": article("<p>x</p>").replace(b"An article", b"\xff\xfe article"),
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><article/>',
    "too many bytes": article(f"<p>{'a' * FILE_BYTES_MAX}</p>"),
    "too long a text": article(f"<p>{'a ' * (6 << 20)}</p>"),
    "too many tags": article("<p/>" * 2_000_001),
    "too many attributes": article("<p>" + '<a b="" c="" d="" e=""/>' * 450_000 + "</p>"),
    "too many markers": article("<p>x" + '<xref rid="B1"/>y' * 20_001 + "</p>"),
    "too many in ranges": article(
        "<p>" + '[<xref rid="B1">1</xref>-<xref rid="B9">9</xref>]' * 40_000 + "</p>"
    ),
    "too deep": article("<sec>" * 200 + "</sec>" * 200),
    "too deep in a paragraph": article("<p>" + "<bold>" * 200 + "</bold>" * 200 + "</p>"),
    "far too deep": b"<a>" * 100_000,
    "another root": b"<html><article-title/></html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_in_a_sentence(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DocumentError) as refusal:
        read_jats(HOSTILE[name], "a\x1b.xml")
    sentence = str(refusal.value)
    assert sentence.startswith("The document a\\x1b.xml ")
    assert sentence.endswith(".")
    assert len(sentence) < 400
    assert "root:" not in sentence
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_nothing_is_read_from_elsewhere(tmp_path: Path) -> None:
    """A DTD beside the article and an XInclude are not looked at."""
    (tmp_path / "a.dtd").write_text('<!ENTITY secret "told">')
    (tmp_path / "b.txt").write_text("told")
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="b.txt" parse="text"/>'
    data = article(f"<p>It is &secret; {include} {cite(1)}.</p>").replace(
        b"JATS-publishing1.dtd", bytes(tmp_path / "a.dtd")
    )
    (statement,) = statements_of(read_jats(data, "a.xml"))
    assert statement.sentence == "It is 1."


def test_hostile_files_are_counted_and_the_rest_of_a_batch_is_read(tmp_path: Path) -> None:
    library(tmp_path / "articles", 3)
    small = {name: data for name, data in HOSTILE.items() if len(data) < 1 << 20}
    with zipfile.ZipFile(tmp_path / "articles" / "hostile.zip", "w") as archive:
        for name, data in small.items():
            archive.writestr(f"{name}.xml", data)
        archive.writestr("../../up.xml", article("<p>x</p>"))
        archive.writestr("last.xml", article("<p>x</p>", doi="10.1000/last"))
    done = riostat(tmp_path, "ingest", "articles", "--jobs", "2")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].startswith(
        f"4 documents added, 0 known, {len(small) + 1} refused; "
    )
    assert all(line.startswith("riostat: ") for line in done.stderr.splitlines()[:-1])


@pytest.mark.parametrize(
    "body",
    [
        "<p>x" + '<xref ref-type="bibr" rid="B1"/>' * 15_000 + "</p>",
        "<p>" + '[<xref rid="B1">1</xref>-<xref rid="B9">9</xref>]' * 800 + "</p>",
        "<p>" + "[1" * 1_000_000 + cite(1) + "</p>",
        "<p>" + "(A. )" * 1_000_000 + cite(1) + "</p>",
        "<p>" + cite(*[1] * 20) + " a. B" * 1_000_000 + "</p>",
        "<p>x" + "<p>y" * 50 + cite(1) + "</p>" * 51,
        "<table-wrap><table><tr>" + f"<td>{cite(1)}</td>" * 15_000 + "</tr></table></table-wrap>",
    ],
    ids=["empty marks", "ranges", "brackets", "stops", "sentences", "paragraphs", "cells"],
)
def test_time_grows_with_the_size(body: str) -> None:
    assert _check(read_jats(article(body), "a.xml")) >= 1  # or the test runs into its limit
