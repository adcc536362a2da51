"""A statement as `cite report` and `cite search` print it."""

from typing import TYPE_CHECKING

from riostat.core.text import printable

if TYPE_CHECKING:
    from riostat.citations.reports import CitedStatement, Work

__all__ = ["as_json", "as_lines", "work_json"]


def work_json(work: "Work") -> dict[str, object]:
    """Return the JSON object of a work."""
    return {"doi": work.doi, "title": work.title, "year": work.year, "journal": work.journal}


def as_json(statement: "CitedStatement") -> dict[str, object]:
    """Return the JSON object of a statement; `sentence[start:end]` is the target's marker."""
    probabilities = None
    if statement.probabilities is not None:
        names = ("supporting", "contrasting", "mentioning")
        probabilities = dict(zip(names, statement.probabilities, strict=True))
    return {
        "id": statement.id,
        "sentence": statement.sentence,
        "start": statement.start,
        "end": statement.end,
        "previous": statement.previous,
        "next": statement.next,
        "section": statement.section,
        "heading": statement.heading,
        "place": statement.place,
        "label": statement.label,
        "abstained": statement.abstained,
        "probabilities": probabilities,
        "resolution": {"method": statement.method, "score": statement.score},
        "citing": work_json(statement.citing),
        "cited": work_json(statement.cited),
    }


def as_lines(statement: "CitedStatement", *, with_cited: bool) -> list[str]:
    """Return the lines of a statement for a person, the target's marker between >> and <<."""
    label = statement.label or "unclassified"
    if statement.abstained:
        label = f"perhaps {label}"
    sentence, start, end = statement.sentence, statement.start, statement.end
    marked = f"{sentence[:start]}>>{sentence[start:end]}<<{sentence[end:]}"
    lines = [
        f"[{label}, {statement.section}] {_name(statement.citing)}",
        f"    {printable(marked)}",
    ]
    if with_cited:
        lines.append(f"    cites {_name(statement.cited)}")
    return lines


def _name(work: "Work") -> str:
    year = f" ({work.year})" if work.year else ""
    doi = f" {work.doi}" if work.doi else ""
    return printable(f"{work.title or 'untitled'}{year}{doi}")
