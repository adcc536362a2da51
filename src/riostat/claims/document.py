"""The verdicts as a document: Markdown, HTML, or a technical note in JATS."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from riostat.claims.claim import Claim
from riostat.claims.verdicts import Verdict
from riostat.core.manifest import Machine

__all__ = ["FORMATS", "document", "measured"]

FORMATS = ("markdown", "html", "jats")

_TEMPLATES = {"markdown": "report.md", "html": "report.html", "jats": "report.xml"}
_TITLE = "What the papers say, measured on one machine"


def document(
    claims: Sequence[Claim], verdicts: Mapping[str, Verdict], machine: Machine, form: str
) -> str:
    """Return a document of one of `FORMATS`, of every claim and the last verdict on it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html", "xml"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"measured": measured, "moment": _moment}
    return environment.get_template(_TEMPLATES[form]).render(
        title=_TITLE,
        where=f"{machine.cpus} CPUs, {machine.cpu_model}, Linux {machine.kernel}",
        rows=[(claim, verdicts.get(claim.id)) for claim in claims],
        sources=list(dict.fromkeys(claim.source for claim in claims)),
    )


def measured(verdict: Verdict) -> str:
    """Return the value with its interval and unit, or what was missing."""
    if verdict.value is None or verdict.low is None or verdict.high is None:
        return " ".join(verdict.missing)
    interval = f"{verdict.low:.3g} to {verdict.high:.3g}"
    return f"{verdict.value:.3g} ({interval}) {verdict.unit}".rstrip()


def _moment(verdict: Verdict) -> str:
    return f"{datetime.fromtimestamp(verdict.measured_at / 1e9, UTC):%Y-%m-%d %H:%M} UTC"
