"""Articles and statements a second of one core, from JATS in memory to citation statements.

Run it with ``python benchmarks/cite_extract.py FOLDER``, the folder holding JATS articles. Times
are CPU time of this process, medians of rounds; the time that lxml alone takes to read the same
files as XML stands beside them.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from riostat.citations.documentfile import DOCUMENT_SUFFIXES, parse_document
from riostat.citations.statements import statements_of

BAR = 80
AIM = 100


def seconds(way: Callable[[], object], rounds: int) -> float:
    """Return the median CPU seconds of `way`, after one round that nobody counts."""
    times = []
    for number in range(rounds + 1):
        begin = time.process_time()
        way()
        if number:
            times.append(time.process_time() - begin)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.folder is None:
        print("skipped: give a folder with JATS articles")
        return
    paths = [p for p in sorted(given.folder.rglob("*")) if p.name.endswith(DOCUMENT_SUFFIXES)]
    files = [(path.name, path.read_bytes()) for path in paths]
    if not files:
        sys.exit(f"there are no articles in {given.folder}")
    count = 0

    def extract() -> None:
        nonlocal count
        count = sum(len(statements_of(parse_document(data, name))) for name, data in files)

    def read() -> None:
        for _, data in files:
            etree.fromstring(data, etree.XMLParser(resolve_entities=False))

    whole, xml = seconds(extract, given.rounds), seconds(read, given.rounds)
    megabytes = sum(len(data) for _, data in files) / 1e6
    rate = len(files) / whole
    print(f"{len(files)} articles, {megabytes:.1f} MB, medians of {given.rounds} rounds:")
    print(f"  extraction   {rate:6.0f} articles/s, {count / whole:7.0f} statements/s ({count})")
    print(f"  lxml alone   {len(files) / xml:6.0f} articles/s")
    print(f"  bar {BAR} articles/s, aim {AIM}: {'met' if rate >= BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
