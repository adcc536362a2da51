"""Search and tallies at a million statements, made of real ones.

Run it with ``python benchmarks/cite_search.py FOLDER``, the folder holding JATS articles. Their
statements are written again and again with a fifth of the words exchanged, as if 75 of them came
from each of many articles, into an index in a temporary folder. Asked are pairs of words, phrases,
and words with a label, all drawn from the statements; times are wall-clock, each question asked
once after the index was opened, and what SQLite's own full text needs for the same pairs of words
stands beside them.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from riostat.citations.documentfile import DOCUMENT_SUFFIXES, parse_document
from riostat.citations.index import CitationIndex
from riostat.citations.reports import Work, load_statements, tally
from riostat.citations.search import Filters, StatementSearch
from riostat.citations.statements import statements_of

SEARCH_BAR_MS = 10
TALLY_BAR_MS = 2
PER_DOCUMENT = 75
PER_WORK = 15
LABELS = ["mentioning"] * 96 + ["supporting"] * 3 + ["contrasting"]
SECTIONS = ("introduction", "methods", "results", "discussion")


def real_sentences(folder: Path) -> list[str]:
    """Return the sentences of the statements of all articles in a folder."""
    paths = [p for p in sorted(folder.rglob("*")) if p.name.endswith(DOCUMENT_SUFFIXES)]
    documents = [parse_document(path.read_bytes(), path.name) for path in paths]
    found = [s.sentence for document in documents for s in statements_of(document)]
    return [sentence for sentence in found if 30 < len(sentence) < 600]


def made_of(real: Sequence[str], count: int, draw: random.Random) -> Iterator[str]:
    """Yield `count` sentences: the real ones, with a fifth of their words exchanged."""
    split = [sentence.split() for sentence in real]
    words = [word for sentence in split for word in sentence]
    for number in range(count):
        sentence = list(split[number % len(split)])
        for _ in range(max(2, len(sentence) // 5)):
            sentence[draw.randrange(len(sentence))] = draw.choice(words)
        yield " ".join(sentence)


def fill(index: CitationIndex, real: Sequence[str], count: int, draw: random.Random) -> None:
    """Write the rows as an ingest would have written them."""
    documents, works = -(-count // PER_DOCUMENT), -(-count // PER_WORK)
    write = index.connection.executemany
    with index.transaction():
        write(
            "INSERT INTO work VALUES (?, ?, NULL, ?, '', '', ?, 'Journal', 0)",
            ((n, f"10.1/{n}", f"Work {n}", 1995 + n % 30) for n in range(1, works + 1)),
        )
        write(
            "INSERT INTO document VALUES (?, ?, ?, '', '', '', 1, 0)",
            ((n, n, n.to_bytes(16)) for n in range(1, documents + 1)),
        )
        write(
            "INSERT INTO reference VALUES (?, ?, '', 1, ?, 'doi', 1, NULL, NULL, '', '', NULL, '',"
            " '')",
            ((n, 1 + n * PER_WORK // PER_DOCUMENT % documents, n) for n in range(1, works + 1)),
        )
        write(
            "INSERT INTO statement VALUES (?, ?, ?, 'Before.', ?, 'After.', 0, 3, '', ?, '',"
            " 'text', x'00')",
            (
                (
                    n,
                    n // PER_DOCUMENT + 1,
                    draw.randrange(works) + 1,
                    sentence,
                    draw.choice(SECTIONS),
                )
                for n, sentence in enumerate(made_of(real, count, draw))
            ),
        )
        write(
            "INSERT INTO classification VALUES (?, 'made', 0.1, 0.1, 0.8, ?, 0)",
            ((n, draw.choice(LABELS)) for n in range(count)),
        )
        index.connection.execute("INSERT INTO unsettled SELECT id FROM work")
    index.catch_up()


def questions(real: Sequence[str], draw: random.Random) -> list[tuple[str, Filters]]:
    """Return what is asked: words, phrases, and words with a label."""
    words = [w for s in real for w in s.lower().split() if len(w) > 3 and w.isalpha()]
    found = [(f"{draw.choice(words)} {draw.choice(words)}", Filters()) for _ in range(200)]
    for _ in range(100):
        sentence = draw.choice(real).split()
        at = draw.randrange(max(1, len(sentence) - 3))
        found.append((f'"{" ".join(sentence[at : at + 3])}"', Filters()))
    for _ in range(100):
        label = draw.choice(("supporting", "contrasting"))
        found.append((draw.choice(words), Filters(label=label)))
    return found


def milliseconds(ways: Sequence[Callable[[], object]]) -> list[float]:
    """Return how long each took."""
    found = []
    for way in ways:
        begin = time.perf_counter()
        way()
        found.append((time.perf_counter() - begin) * 1e3)
    return found


def show(name: str, found: Sequence[float], bar: float | None = None) -> None:
    """Print the median and the 95th percentile, and whether that meets the bar."""
    p95 = statistics.quantiles(found, n=20)[-1]
    verdict = "" if bar is None else f"  bar {bar:g} ms: {'met' if p95 <= bar else 'MISSED'}"
    print(f"  {name:34} p50 {statistics.median(found):7.2f}  p95 {p95:7.2f} ms{verdict}")


def main() -> None:
    """Fill, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--statements", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.folder is None:
        print("skipped: give a folder with JATS articles")
        return
    draw = random.Random(1)
    real = real_sentences(given.folder)
    if not real:
        sys.exit(f"there are no articles in {given.folder}")
    with tempfile.TemporaryDirectory() as folder:
        with CitationIndex.open(Path(folder), create=True) as index:
            begin = time.perf_counter()
            fill(index, real, given.statements, draw)
            filled = time.perf_counter()
            StatementSearch(index).catch_up(lambda _: None)
            print(
                f"{given.statements} statements: database {filled - begin:.0f} s, full text "
                f"{time.perf_counter() - filled:.0f} s"
            )
            index.connection.execute(
                "CREATE VIRTUAL TABLE peer USING fts5(sentence, content='statement',"
                " content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')"
            )
            index.connection.execute("INSERT INTO peer(peer) VALUES ('rebuild')")
        measure(Path(folder), questions(real, draw), draw)


def measure(folder: Path, asked: list[tuple[str, Filters]], draw: random.Random) -> None:
    """Ask in a newly opened index."""
    with CitationIndex.open(folder) as index:
        search = StatementSearch(index)
        ids = [row[0] for row in index.connection.execute("SELECT id FROM work")]
        works = [Work(draw.choice(ids), None, "", None, "") for _ in range(400)]
        kinds = {
            "two words": asked[:200],
            "a phrase": asked[200:300],
            "a word, a label": asked[300:],
        }
        every: list[float] = []
        for name, some in kinds.items():
            found = milliseconds(
                [lambda q=q, f=f: search.search(q, f, limit=20) for q, f in some]  # type: ignore[misc]  # bound early
            )
            every += found
            show(name, found)
        show("search, all of them", every, SEARCH_BAR_MS)
        pairs = [(" ".join(f'"{word}"' for word in q.split()),) for q, _ in asked[:200]]
        peer = "SELECT rowid FROM peer WHERE peer MATCH ? ORDER BY rank LIMIT 20"
        execute = index.connection.execute
        slow = milliseconds([lambda p=p: execute(peer, p).fetchall() for p in pairs])  # type: ignore[misc]  # bound early
        show("two words, by SQLite's full text", slow)
        pages = [
            lambda q=q, f=f: load_statements(index, ids=search.search(q, f, limit=20).statements)
            for q, f in asked
        ]
        show("search and the statements' rows", milliseconds(pages))
        tallies = [lambda w=w: tally(index, w) for w in works]
        show("tally of a work", milliseconds(tallies), TALLY_BAR_MS)
        reports = [lambda w=w: load_statements(index, work=w, limit=50) for w in works]
        show("statements of a report", milliseconds(reports))


if __name__ == "__main__":
    main()
