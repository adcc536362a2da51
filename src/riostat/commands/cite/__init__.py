"""The commands of ``riostat cite``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "extract": Place(
            "riostat.commands.cite.extract", "The citation statements of one document."
        ),
        "ingest": Place("riostat.commands.cite.ingest", "Read documents into the citation index."),
        "report": Place(
            "riostat.commands.cite.report", "Who cites a work: tallies, statements, notices."
        ),
        "search": Place("riostat.commands.cite.search", "Find statements by their words."),
        "classify": Place(
            "riostat.commands.cite.classify", "Support, contrast or mention, a line each."
        ),
        "train": Place("riostat.commands.cite.train", "Make a classifier of labelled statements."),
        "eval": Place("riostat.commands.cite.eval", "Measure the classifier on such statements."),
    },
    name="cite",
    help="Read who cites what, in which words, and whether with support or contrast.",
)
