"""What the analysis can be asked, and how questions and answers lie in the pipe.

A question is its length and its JSON; an answer is an HTTP status, a length, and so many bytes: the
answer itself for 200, else a sentence.
"""

import struct
from typing import Literal, TypeAlias

import msgspec

__all__ = ["ANSWER_HEAD", "QUESTION_HEAD", "Query", "QueryKind", "SpanQuery", "reference"]

QueryKind: TypeAlias = Literal[
    "page", "series", "series-page", "timeline", "report", "domains", "tree", "flame", "diff",
    "speedscope", "folded", "perf-script",
]  # fmt: skip

QUESTION_HEAD = struct.Struct("<I")
ANSWER_HEAD = struct.Struct("<HxxI")


class SpanQuery(msgspec.Struct, frozen=True):
    """A run's directory, and the part of it in seconds from its start; None is its own end."""

    path: str
    from_s: float | None = None
    to_s: float | None = None


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One question.

    `other` is the span that a diff compares with, and that a page's timeline covers.
    """

    kind: QueryKind
    span: SpanQuery
    other: SpanQuery | None = None
    event: str | None = None
    by: tuple[str, ...] = ()
    children: bool = False
    top: int | None = None
    bins: int = 0


def reference(run: str, from_s: float | None, to_s: float | None) -> str:
    """Return a span of a run as the command line writes it: RUN@FROM..TO."""
    if from_s is None and to_s is None:
        return run
    return f"{run}@{_written(from_s)}..{_written(to_s)}"


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
