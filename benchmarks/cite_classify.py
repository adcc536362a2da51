"""Statements a second that one core classifies, beside scikit-learn with n-grams alone.

Run it with ``python benchmarks/cite_classify.py FOLDER``, the folder holding JATS articles. Times
are CPU time of this process, medians of rounds. The peer is what most would write: a tf-idf
vectoriser of words and one of characters, and a logistic regression, over the sentence alone; it
knows nothing of neighbours, cues or targets.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from riostat.citations.classification import Classifier
from riostat.citations.documentfile import DOCUMENT_SUFFIXES, load_document
from riostat.citations.statements import Statement, statements_of


def cpu_seconds(way: Callable[[], object], rounds: int) -> float:
    """Return the median CPU seconds of `way` over the rounds."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        way()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def statements_in(folder: Path) -> list[Statement]:
    """Return the statements of all articles in a folder."""
    paths = [p for p in sorted(folder.rglob("*")) if p.name.endswith(DOCUMENT_SUFFIXES)]
    return [found for path in paths for found in statements_of(load_document(path))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.folder is None:
        print("skipped: give a folder with JATS articles")
        return
    statements = statements_in(given.folder)
    if not statements:
        sys.exit(f"there are no articles in {given.folder}")
    classifier = Classifier.load()
    texts = [statement.sentence for statement in statements]
    peer = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 3), min_df=2),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3),
        ),
        LogisticRegression(max_iter=50, tol=1e-2),
    )
    peer.fit(texts[:2000], classifier.classify(statements[:2000]).labels)
    ours = cpu_seconds(lambda: classifier.classify(statements), given.rounds)
    theirs = cpu_seconds(lambda: peer.predict_proba(texts), given.rounds)
    print(f"{len(statements)} statements, medians of {given.rounds} rounds on one core:")
    print(f"  riostat        {len(statements) / ours:7.0f} statements/s")
    print(f"  scikit-learn   {len(statements) / theirs:7.0f} statements/s, the sentence alone")


if __name__ == "__main__":
    main()
